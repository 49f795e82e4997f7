"""A real archive to test with: Orthanc, alone in a network namespace of its own.

Orthanc listens on all addresses, whatever it is told. Here those are the loopback of a namespace
that nothing leads out of, and that ends with the last process in it. Whoever talks to it is started
in there, too, by `Orthanc.start`.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

import pneumoscope

TITLE, DICOM_PORT, HTTP_PORT = "ORTHANC", 4242, 8042
SITE = f"http://127.0.0.1:{HTTP_PORT}"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PYTHON_PLUGIN = PLUGIN.with_name("libOrthancPython.so")
NOBODY = 65534
PATIENCE = 60  # seconds until something that takes a moment is taken for lost

FORWARD = """
function OnStoredInstance(instance, tags, metadata, origin)
  RestApiPost('/modalities/{title}/store', DumpJson({{
    ["Resources"] = {{instance}}, ["Synchronous"] = false
  }}))
end
"""

ALONE = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups Orthanc settings.json"
START = ["unshare", "--net", "sh", "-c", f"ip link set lo up && exec {ALONE}"]

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc, and the namespace that it is in.

    Attributes:
        process: Orthanc.
        inside: a thread in the namespace.
    """

    process: subprocess.Popen[bytes]
    inside: ThreadPoolExecutor

    def start(self, *command: object, **options: Any) -> subprocess.Popen[bytes]:
        """Starts a program in the namespace. It is up to the caller to end it."""
        enter = ["nsenter", "--net", f"--target={self.process.pid}", "--"]
        return subprocess.Popen([*enter, *map(str, command)], **options)

    def run(self, *command: object) -> str:
        """Runs a program in the namespace, which has to succeed, and returns what it prints."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with self.start(*command, **options) as process:
            printed = process.communicate(timeout=PATIENCE)[0].decode()
        assert process.returncode == 0, printed
        return printed

    def fetch(self, path: str, content: Any = None) -> bytes:
        """Asks its REST interface, by GET, or by POST of what is to be sent as JSON."""
        data = None if content is None else json.dumps(content).encode()
        return self.send(Request(f"{SITE}{path}", data))

    def ask(self, path: str, content: Any = None) -> Any:
        """Asks its REST interface for JSON."""
        return json.loads(self.fetch(path, content))

    def send(self, request: Request) -> bytes:
        """Sends a request of HTTP to whatever listens in the namespace."""
        return self.inside.submit(_fetch, request).result(PATIENCE)

    def answers(self, address: str) -> bool:
        """Tells whether something answers there yet."""
        try:
            return bool(self.send(Request(address)))
        except URLError:
            return False


@contextmanager
def running_orthanc(
    nodes: Mapping[str, int], forward: str | None = None, script: str | None = None
) -> Iterator[Orthanc]:
    """Runs an Orthanc with an empty database, and skips the test where that cannot be done.

    Args:
        nodes: port on the loopback of the namespace of each application entity, by its title.
        forward: title of the one to which it sends everything that it stores, results included.
        script: content of a script for its Python plugin.
    """
    _check_rights()
    if script is not None:
        _check_python()
    # Not in `tmp_path`, whose parents only this user may enter.
    with tempfile.TemporaryDirectory(prefix="orthanc-") as name:
        folder = Path(name)
        _configure(folder, nodes, forward, script)
        environment = {**os.environ, "HOME": name, "PYTHONPATH": os.pathsep.join(sys.path)}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(START, cwd=folder, stdout=log, stderr=log, env=environment)
        try:
            until(lambda: _is_apart(process.pid))
            with ThreadPoolExecutor(1, initializer=_enter, initargs=[process.pid]) as inside:
                orthanc = Orthanc(process, inside)
                until(lambda: process.poll() is not None or orthanc.answers(f"{SITE}/system"))
                assert process.returncode is None, (folder / "log").read_text()
                yield orthanc
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _configure(
    folder: Path, nodes: Mapping[str, int], forward: str | None, script: str | None
) -> None:
    settings: dict[str, Any] = {
        "StorageDirectory": "database",
        "IndexDirectory": "database",
        "Plugins": [str(PLUGIN)],
        "DicomAet": TITLE,
        "DicomPort": DICOM_PORT,
        "DicomModalities": {title: [title, "127.0.0.1", port] for title, port in nodes.items()},
        "HttpPort": HTTP_PORT,
        "JobsHistorySize": 100_000,
    }
    if forward is not None:
        (folder / "forward.lua").write_text(FORWARD.format(title=forward))
        settings["LuaScripts"] = ["forward.lua"]
    if script is not None:
        (folder / "plugin.py").write_text(script)
        settings |= {"Plugins": [str(PLUGIN), str(PYTHON_PLUGIN)], "PythonScript": "plugin.py"}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "database").mkdir()
    for path in (folder, folder / "database"):
        os.chown(path, NOBODY, NOBODY)


def until(is_so: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Waits for something to be so, and returns it."""
    last = time.monotonic() + patience
    while not (found := is_so()):
        assert time.monotonic() < last, f"waited {patience} s for {is_so}"
        time.sleep(0.05)
    return found


def _check_rights() -> None:
    for program in ("Orthanc", "ip", "unshare", "nsenter", "setpriv"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not PLUGIN.is_file():
        pytest.skip("orthanc-dicomweb is not installed")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("a network namespace may not be made here")


def _check_python() -> None:
    if not PYTHON_PLUGIN.is_file():
        pytest.skip("orthanc-python is not installed")
    if f"libpython3.{sys.version_info.minor}." not in _run("ldd", PYTHON_PLUGIN):
        pytest.skip("the Python of orthanc-python is another version than this one")
    if not _run("setpriv", f"--reuid={NOBODY}", "--clear-groups", "cat", pneumoscope.__file__):
        pytest.skip("Orthanc may not read the packages of this environment")


def _run(*command: object) -> str:
    return subprocess.run([*map(str, command)], capture_output=True).stdout.decode()


def _is_apart(pid: int) -> bool:
    return os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")


def _enter(pid: int) -> None:
    """Moves the calling thread, and it alone, into the namespace of a process."""
    with open(f"/proc/{pid}/ns/net") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no way into the namespace")


def _fetch(request: Request) -> bytes:
    with urlopen(request, timeout=PATIENCE) as answer:
        return bytes(answer.read())

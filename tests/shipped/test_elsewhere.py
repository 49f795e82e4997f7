"""Models travel as one file, and are added only if every check of it passes."""

from __future__ import annotations

import ssl
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import pneumoscope
from pneumoscope.errors import (
    BundleCorruptError,
    BundleError,
    BundleMissingError,
    FetchError,
    SettingsError,
)
from pneumoscope.reporting.model import read_trained_model
from pneumoscope.shipped import added_names, elsewhere
from pneumoscope.shipped.models import added_folder
from tests.conftest import write_bundle


@pytest.fixture
def packed(bundle: Path, tmp_path: Path) -> Path:
    return pneumoscope.export_model(bundle, tmp_path / "packed.zip")


def nothing_is_there() -> bool:
    return not added_folder().exists()


def test_a_model_travels_unchanged(shipped: Path, bundle: Path, packed: Path) -> None:
    added = pneumoscope.add_model(packed)
    assert added.sha256 == pneumoscope.read_model(bundle).sha256
    assert added_names() == ("brightness",)
    assert pneumoscope.load("brightness").bundle.root == added.root
    listed = [found.name for found in pneumoscope.list_models()]
    assert listed == ["bright-1", "bright-2", "brightness"]
    pneumoscope.remove_model("brightness")
    assert nothing_is_there()
    with pytest.raises(BundleMissingError, match="no model has that name"):
        pneumoscope.load("brightness")


def test_the_same_model_gives_the_same_bytes(bundle: Path, packed: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "again")
    again = pneumoscope.export_model(tmp_path / "again", tmp_path / "again.zip")
    assert again.read_bytes() == packed.read_bytes()
    with pytest.raises(SettingsError, match=r"there already.* another file"):
        pneumoscope.export_model(bundle, packed)


def test_names_are_taken_once(shipped: Path, bundle: Path, packed: Path) -> None:
    for name in ("bright-1", "BRIGHT-2", "../out", ".hidden", "", "a/b"):
        with pytest.raises(SettingsError):
            pneumoscope.add_model(packed, name=name)
    assert nothing_is_there()
    assert pneumoscope.add_model(bundle, name="mine").root.name == "mine"
    with pytest.raises(SettingsError, match=r"already.* another `name`"):
        pneumoscope.add_model(packed, name="Mine")
    assert read_trained_model("mine").root == Path("reports", "mine")
    with pytest.raises(BundleMissingError, match="ships"):
        pneumoscope.remove_model("bright-1")


def rewritten(packed: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(packed) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def linked(packed: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(entry, "/etc/passwd")


def twice(packed: Path) -> None:
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("Model.onnx", b"")


def change(name: str, data: bytes | None) -> Callable[[Path], None]:
    def edit(files: dict[str, bytes]) -> None:
        files.pop(name, None)
        if data is not None:
            files[name] = data

    return lambda packed: rewritten(packed, edit)


def misspell(files: dict[str, bytes]) -> None:
    files["Model.onnx"] = files.pop("model.onnx")


HOSTILE: dict[str, Callable[[Path], object]] = {
    "no archive": lambda packed: packed.write_bytes(b"nothing"),
    "empty": lambda packed: packed.write_bytes(b""),
    "cut off": lambda packed: packed.write_bytes(packed.read_bytes()[:-100]),
    "one byte": lambda packed: packed.write_bytes(
        packed.read_bytes().replace(b"Not for patients", b"Now for patients")
    ),
    "another file": change("MODEL_CARD.md", b"# another"),
    "a file less": change("seen.json", None),
    "no list": change("bundle.json", None),
    "another case": lambda packed: rewritten(packed, misspell),
    "a way out": change("../out.txt", b"out"),
    "absolute": change("/out.txt", b"out"),
    "a bomb": change("figures/bomb.png", bytes(30_000_000)),
    "a link": linked,
    "twice": twice,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_damaged_or_hostile_leaves_nothing(kind: str, packed: Path, tmp_path: Path) -> None:
    HOSTILE[kind](packed)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BundleError):
        pneumoscope.add_model(packed)
    assert nothing_is_there()
    assert {path for path in set(tmp_path.rglob("*")) - before if path.is_file()} == set()


def test_nothing_at_the_path(tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match="nothing at"):
        pneumoscope.add_model(tmp_path / "nothing.zip")
    assert nothing_is_there()


@pytest.fixture
def address(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the packed model on an HTTPS server on this machine."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    handler = partial(Quiet, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    yield f"https://localhost:{server.server_port}/{packed.name}"
    server.shutdown()
    server.server_close()
    thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_download_is_held_against_its_sha256(
    address: str, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = sha256(packed.read_bytes()).hexdigest()
    with pytest.raises(FetchError, match="not what was published"):
        pneumoscope.add_model(f"{address}#sha256={'0' * 64}")
    with pytest.raises(FetchError, match="404"):
        pneumoscope.add_model(f"{address}.old#{right}")
    with monkeypatch.context() as patch:
        patch.setattr(elsewhere, "LIMIT", 10)
        with pytest.raises(FetchError, match="at most 10 bytes"):
            pneumoscope.add_model(f"{address}#{right}")
    assert nothing_is_there()
    assert pneumoscope.add_model(f"{address}#sha256={right}", name="one").info.name == "brightness"
    assert pneumoscope.add_model(f"{address}#{right.upper()}", name="two").root.name == "two"


def test_a_server_that_cannot_prove_who_it_is(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FetchError, match="certificate"):
        pneumoscope.add_model(f"{address}#{'0' * 64}")


@pytest.mark.parametrize(
    "source", ["https://a.test/m.zip", "http://a.test/m.zip#" + "0" * 64, "file:///m.zip#0"]
)
def test_addresses_that_are_not_safe(source: str) -> None:
    with pytest.raises(SettingsError, match="HTTPS"):
        pneumoscope.add_model(source)
    assert nothing_is_there()


def test_damage_that_was_done_later_is_found(bundle: Path) -> None:
    added = pneumoscope.add_model(bundle, name="mine")
    (added.root / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(BundleCorruptError):
        pneumoscope.load("mine")
    pneumoscope.remove_model("mine")
    assert added_names() == ()

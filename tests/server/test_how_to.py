"""The how-to of the service says what is so: its examples are run, and its proxy is started."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pneumoscope.server.refusals import RequestError, status_of
from tests.conftest import encoded, picture
from tests.server.conftest import Serve
from tests.server.running import SECONDS, TOKEN, Running
from tests.test_docs import blocks

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "serve.md"
TEXT = HOW_TO.read_text("utf-8")
ADDRESS = "http://127.0.0.1:8600"
NAME = "radiology.example"


@pytest.fixture
def folder(tmp_path: Path, image: bytes) -> Path:
    for name in ("radiograph.jpeg", "radiograph.dcm"):
        (tmp_path / name).write_bytes(image)
    return tmp_path


def test_the_examples_of_the_shell_are_answered(server: Running, folder: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (example,) = [each for each in blocks(HOW_TO, "sh") if "curl --form" in each]
    for line in example.replace(ADDRESS, server.url).splitlines():
        done = subprocess.run(
            ["bash", "-c", f"{line} --silent --fail"], cwd=folder, capture_output=True, text=True
        )
        assert '"status":"accepted"' in done.stdout, done


def test_the_example_of_python_is_answered(server: Running, folder: Path) -> None:
    (example,) = blocks(HOW_TO, "python")
    code = example.replace(ADDRESS, server.url)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout.splitlines()[0].startswith("radiograph.jpeg accepted NORMAL")
    assert len(done.stdout.splitlines()) == 2


def test_each_status_and_its_codes_are_those_of_the_service() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \| (`[^|]*) \|", TEXT, re.MULTILINE)
    listed = {
        (int(status), code)
        for statuses, codes in rows
        for code in re.findall(r"`([\w-]+)`", codes)
        for status in statuses.split(", ")
    }
    known = {code for _, code in listed if code.startswith(("request-", "service-"))}
    for code in known:
        assert (status_of(RequestError("", code=code)), code) in listed


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"),
            *("-keyout", "server.key", "-out", "server.pem"),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return tmp_path / "server.pem"


@pytest.fixture
def proxied(serve: Serve, certificate: Path, tmp_path: Path) -> Iterator[tuple[Running, str]]:
    """A service behind nginx as the page sets it up, and the address of nginx."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    found = serve(host_names=(NAME,), token=TOKEN, rate=1000)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    (server,) = blocks(HOW_TO, "nginx")
    for before, after in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        (ADDRESS, found.url),
        ("/etc/ssl/radiology.example.pem", str(certificate)),
        ("/etc/ssl/radiology.example.key", str(certificate.with_suffix(".key"))),
    ):
        assert before in server
        server = server.replace(before, after)
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/nothing/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/log;\n"
        f"events {{}}\nhttp {{\n{paths}{server} }}\n"
    )
    command = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + SECONDS
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert process.poll() is None, (tmp_path / "log").read_text()
                    assert time.monotonic() < end
                    time.sleep(0.02)
            yield found, f"https://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_behind_nginx_it_is_known_by_its_name(
    proxied: tuple[Running, str], certificate: Path, image: bytes
) -> None:
    found, url = proxied
    session = requests.Session()
    session.verify, session.trust_env = str(certificate), False
    session.headers.update({"Authorization": f"Bearer {TOKEN}", "Host": NAME})
    url = f"{url}/v1/predictions"
    for origin in ({}, {"Origin": f"https://{NAME}"}):
        assert session.post(url, data=image, headers=origin, timeout=20).status_code == 200
    files = [("f", (f"{n}.png", encoded(picture((600, 600), n)))) for n in range(30)]
    answer = session.post(url, files=files, timeout=20)
    assert [record["path"] for record in answer.json()["predictions"]] == [
        f"{n}.png" for n in range(30)
    ]
    answer = session.post(url, data=bytes(found.service.settings.most_bytes + 1), timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")
    for headers in ({"Host": "other.example"}, {"Origin": "https://other.example"}):
        answer = session.post(url, data=image, headers=headers, timeout=20)
        assert (answer.status_code, answer.json()["code"]) == (403, "request-foreign")
    session.headers["Authorization"] = "Bearer another"
    assert session.post(url, data=image, timeout=20).status_code == 401


def test_behind_nginx_nothing_is_spooled_to_its_disk(
    proxied: tuple[Running, str], certificate: Path, tmp_path: Path
) -> None:
    _, url = proxied
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": NAME}
    data = encoded(picture((3000, 3000)))
    answer = requests.post(
        f"{url}/v1/predictions?heatmap=png",
        data=data,
        headers=headers,
        verify=str(certificate),
        timeout=60,
    )
    assert answer.status_code == 200
    assert [path for path in (tmp_path / "nothing").rglob("*") if path.is_file()] == []

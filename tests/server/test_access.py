"""Who is let in: clients with the token, and no page of another site."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from pneumoscope.errors import PneumoscopeError
from pneumoscope.server.settings import Settings
from pneumoscope.server.token import VARIABLE, find_token
from tests.server.conftest import Serve
from tests.server.running import TOKEN, Running


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    "header",
    [None, "", TOKEN, "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "ä"],
)
def test_without_the_token_nothing_is_served(
    serve: Serve, image: bytes, header: str | None
) -> None:
    found = serve(token=TOKEN)
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    for method, path in (("POST", "/v1/predictions"), ("GET", "/metrics"), ("GET", "/nowhere")):
        answer = requests.request(method, found.url + path, data=image, headers=headers, timeout=20)
        assert code_of(answer) == (401, "request-without-token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert TOKEN not in answer.text
    assert found.count("images_total", status="accepted") is None


def test_with_the_token_all_is_served(serve: Serve, image: bytes) -> None:
    found = serve(token=TOKEN)
    headers = {"Authorization": f"bearer {TOKEN}"}
    answer = requests.post(found.predictions, data=image, headers=headers, timeout=20)
    assert answer.status_code == 200
    assert requests.get(f"{found.url}/metrics", headers=headers, timeout=20).ok


def test_health_is_open_but_only_to_be_read(serve: Serve) -> None:
    found = serve(token=TOKEN)
    assert requests.get(f"{found.url}/v2/health/ready", timeout=20).json() == {"ready": True}
    assert requests.get(f"{found.url}/v2/health/live", timeout=20).json() == {"live": True}
    assert requests.post(f"{found.url}/v2/health/live", timeout=20).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:80", 200),
        ("127.0.0.1", 200),
        ("127.9.9.9:8600", 200),
        ("[::1]:8600", 200),
        ("radiology.example", 403),
        ("127.0.0.1.radiology.example", 403),
        ("localhost@radiology.example", 403),
        ("10.0.0.1", 403),
        ("", 403),
        ("[", 403),
    ],
)
def test_a_name_that_others_give_this_machine_is_refused(
    server: Running, image: bytes, host: str, status: int
) -> None:
    answer = requests.post(server.predictions, data=image, headers={"Host": host}, timeout=20)
    assert answer.status_code == status


def test_the_name_of_a_proxy_is_known(serve: Serve, image: bytes) -> None:
    found = serve(host_names=("Radiology.Example",), token=TOKEN)
    headers = {"Host": "radiology.example", "Authorization": f"Bearer {TOKEN}"}
    for origin in ("https://radiology.example", "http://radiology.example"):
        answer = requests.post(
            found.predictions, data=image, headers={**headers, "Origin": origin}, timeout=20
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8600", 200),
        ("https://localhost:8600", 200),
        ("http://localhost", 403),
        ("http://localhost:8601", 403),
        ("https://radiology.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
    ],
)
@pytest.mark.parametrize("kind", ["text/plain", "image/png", "application/x-www-form-urlencoded"])
def test_pages_of_other_sites_are_refused(
    server: Running, image: bytes, origin: str, status: int, kind: str
) -> None:
    headers = {"Host": "localhost:8600", "Origin": origin, "Content-Type": kind}
    answer = requests.post(server.predictions, data=image, headers=headers, timeout=20)
    assert answer.status_code == status
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_site_is_given_leave_by_a_preflight(server: Running) -> None:
    headers = {
        "Origin": "https://radiology.example",
        "Access-Control-Request-Method": "POST",
        "Host": "localhost",
    }
    answer = requests.options(server.predictions, headers=headers, timeout=20)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "changes",
    [{"host": "0.0.0.0"}, {"host": "10.0.0.1"}, {"host": "::"}, {"host_names": ("a.example",)}],
)
def test_beyond_this_machine_a_token_is_needed(changes: dict[str, object]) -> None:
    with pytest.raises(PneumoscopeError, match="asks for no token") as caught:
        Settings(**changes)  # type: ignore[arg-type]
    assert caught.value.code == "token-needed"
    assert Settings(**changes, token=TOKEN).token == TOKEN  # type: ignore[arg-type]


@pytest.mark.parametrize("token", ["", "short", "with spaces in between it", "ünprintable" * 3])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    with pytest.raises(PneumoscopeError) as caught:
        Settings(token=token)
    assert caught.value.code == "token-not-valid"
    assert not token or token not in str(caught.value)


def test_the_token_is_read_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token.txt"
    file.write_text(f"{TOKEN}\n")
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_token(None) is None
    monkeypatch.setenv(VARIABLE, "of-the-environment")
    assert find_token(None) == "of-the-environment"
    assert find_token(file) == TOKEN
    with pytest.raises(PneumoscopeError, match=r"nothing\.txt"):
        find_token(tmp_path / "nothing.txt")


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))

"""Rate limits are per client, and a client that was silent may send several at once."""

from __future__ import annotations

import asyncio

import requests

from pneumoscope.server.rate import _MOST, Rate
from tests.server.conftest import Serve


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def served(scope: dict[str, object], receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]


def ask(rate: Rate, client: str, path: str = "/v1/predictions") -> tuple[int, dict[str, str]]:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "method": "GET", "client": (client, 1), "headers": []}
    asyncio.run(rate(scope, None, send))  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}  # type: ignore[attr-defined]
    return sent[0]["status"], headers  # type: ignore[return-value]


def test_a_client_may_send_at_its_rate() -> None:
    clock = Clock()
    rate = Rate(served, 2, clock)  # type: ignore[arg-type]
    assert [ask(rate, "10.0.0.1")[0] for _ in range(3)] == [200, 200, 429]
    clock.now = 0.4
    assert ask(rate, "10.0.0.1")[0] == 429
    clock.now = 0.5
    assert [ask(rate, "10.0.0.1")[0] for _ in range(2)] == [200, 429]
    clock.now = 100
    assert [ask(rate, "10.0.0.1")[0] for _ in range(3)] == [200, 200, 429]


def test_it_is_told_when_to_come_again() -> None:
    rate = Rate(served, 0.1, Clock())  # type: ignore[arg-type]
    assert ask(rate, "10.0.0.1")[0] == 200
    status, headers = ask(rate, "10.0.0.1")
    assert (status, headers["retry-after"]) == (429, "10")


def test_clients_do_not_count_for_one_another() -> None:
    rate = Rate(served, 1, Clock())  # type: ignore[arg-type]
    assert [ask(rate, f"10.0.0.{n}")[0] for n in range(5)] == [200] * 5


def test_addresses_of_one_network_are_one_client() -> None:
    rate = Rate(served, 1, Clock())  # type: ignore[arg-type]
    assert [ask(rate, f"2001:db8::{n}")[0] for n in range(2)] == [200, 429]
    assert ask(rate, "2001:db8:0:1::1")[0] == 200


def test_health_has_no_limit() -> None:
    rate = Rate(served, 1, Clock())  # type: ignore[arg-type]
    assert [ask(rate, "10.0.0.1", "/v2/health/live")[0] for _ in range(5)] == [200] * 5


def test_only_so_many_clients_are_remembered() -> None:
    rate = Rate(served, 1, Clock())  # type: ignore[arg-type]
    for number in range(_MOST + 10):
        rate._take(str(number))
    assert len(rate._clients) == _MOST


def test_the_service_has_the_limit(serve: Serve, image: bytes) -> None:
    found = serve(rate=0.01)
    assert requests.post(found.predictions, data=image, timeout=20).status_code == 200
    answer = requests.post(found.predictions, data=image, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (429, "request-too-often")
    assert 0 < int(answer.headers["Retry-After"]) <= 100


def test_a_proxy_tells_clients_apart(serve: Serve, image: bytes) -> None:
    found = serve(rate=0.01)
    for client in ("10.0.0.1", "10.0.0.2"):
        headers = {"X-Forwarded-For": client}
        answer = requests.post(found.predictions, data=image, headers=headers, timeout=20)
        assert answer.status_code == 200

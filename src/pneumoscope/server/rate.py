"""Rate limits: how many requests a client may send in a second."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from pneumoscope.server.access import is_open
from pneumoscope.server.refusals import RequestError, answer

_MOST = 10_000  # clients that are remembered


class Rate:
    """Refuses requests of a client that sends too many.

    A client that was silent may send as many at once as it may in a second.

    Args:
        app: application that serves the others.
        rate: greatest number of requests of one client a second.
        now: function that returns the time, in seconds.
    """

    def __init__(self, app: ASGIApp, rate: float, now: Callable[[], float] = monotonic) -> None:
        self._app, self._rate, self._now = app, rate, now
        self._most = max(1.0, rate)
        # By client: how many requests are free, and since when. Who came last stands last.
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] == "http" and not is_open(scope):
            seconds = self._take(_client(scope))
            if seconds:
                error = RequestError(
                    "Too many requests",
                    expected=f"at most {self._rate:g} a second",
                    code="request-too-often",
                    headers={"Retry-After": str(math.ceil(seconds))},
                )
                await answer(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _take(self, client: str) -> float:
        """Takes a request of a client; returns 0, or the time until it may send one."""
        now = self._now()
        free, since = self._clients.pop(client, (self._most, now))
        free = min(self._most, free + (now - since) * self._rate)
        taken = free >= 1
        self._clients[client] = (free - taken, now)
        if len(self._clients) > _MOST:
            self._clients.popitem(last=False)
        return 0.0 if taken else (1 - free) / self._rate


def _client(scope: Scope) -> str:
    """Names a client: by its address, or in IPv6 by its network, which has as many as it likes."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return address.packed[:8].hex()
    return host

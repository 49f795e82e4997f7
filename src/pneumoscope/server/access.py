"""Who is let in: clients with the token, and no page of another site.

A browser also passes on what pages of other sites ask of this machine. They are known by their
`Origin`, and those that claim a name of their own for this machine (DNS rebinding) by the `Host`.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pneumoscope.server.refusals import RequestError, answer
from pneumoscope.server.settings import Settings, is_loopback

OPEN = frozenset({"/", "/page.js", "/page.css", "/v2/health/live", "/v2/health/ready"})
"""Paths that may be read without a token: they tell nothing of an image."""


def is_open(scope: Scope) -> bool:
    """Returns whether a request reads what is open to all."""
    return scope["path"] in OPEN and scope["method"] in ("GET", "HEAD")


class Access:
    """Refuses requests that may not be served.

    Args:
        app: application that serves the others.
        settings: settings of the service.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except RequestError as error:
                await answer(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._knows(host):
            raise RequestError(
                "This service is not known by the name in the header Host",
                expected=" or ".join(("localhost", "127.0.0.1", *self._settings.host_names)),
                remedy="Add it to `host_names`",
                code="request-foreign",
            )
        # The scheme is not compared: a proxy may have taken off the TLS.
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise RequestError(
                "Pages of other sites may not use this service",
                expected="the same host in the headers Origin and Host",
                code="request-foreign",
            )
        if not (is_open(scope) or self._has_token(headers)):
            raise RequestError(
                "This service asks for a token",
                expected="the header `Authorization: Bearer TOKEN`, with the right one",
                code="request-without-token",
                headers={"WWW-Authenticate": 'Bearer realm="pneumoscope"'},
            )

    def _knows(self, host: str) -> bool:
        """Returns whether a host is this machine's; others' are, where others can connect."""
        if not self._settings.local:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or name in self._settings.host_names

    def _has_token(self, headers: Headers) -> bool:
        token = self._settings.token
        if token is None:
            return True
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(shown.strip().encode(), token.encode())  # in constant time
        return same and scheme.lower() == "bearer"

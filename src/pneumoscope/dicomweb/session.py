"""The session of HTTP with an archive: its login, its certificates, and limits on its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from pneumoscope.dicomweb.access import Access
from pneumoscope.imaging.source import LIMITS

MOST_BYTES = LIMITS.file_bytes
"""Greatest size of an answer: that of a radiograph, and more than that of any list."""
_LONGEST = 600.0
"""Seconds after which an answer that still trickles in is given up."""


def open_session(settings: Access) -> requests.Session:
    """Opens a session of HTTP.

    Proxies, certificates and passwords in the environment or in files of the user are not used: an
    archive in the house is reached as its settings say, or not at all. Redirections are not
    followed, so that nothing is sent to an address that nobody has given.
    """
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.verify = str(settings.ca) if settings.ca else True
    if settings.token:
        session.auth = _Bearer(settings.token)
    elif settings.user:
        # Encoded here, since requests would encode it by Latin-1.
        session.auth = HTTPBasicAuth(settings.user.encode(), settings.password.encode())
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Bounded())
    return session


class _Bearer(AuthBase):
    """Authorisation by a token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Bounded(HTTPAdapter):
    """Ends answers that are larger than any radiograph, or trickle in for ever."""

    def send(self, *args: Any, **options: Any) -> requests.Response:
        response = super().send(*args, **options)
        response.raw.stream = _bounded(response.raw.stream)
        return response


def _bounded(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    def read(*args: Any, **options: Any) -> Iterator[bytes]:
        size, until = 0, monotonic() + _LONGEST
        for chunk in stream(*args, **options):
            size += len(chunk)
            if size > MOST_BYTES:
                raise ValueError("too large")
            if monotonic() > until:
                raise TimeoutError
            yield chunk

    return read

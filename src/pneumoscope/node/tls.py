"""Transport layer security of the node: its settings, and the contexts that follow from them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.errors import SettingsError


@dataclass(frozen=True)
class Tls:
    """Transport Layer Security of the node (PS3.15 B).

    Attributes:
        certificate: certificate of the node, with those between it and its authority, in PEM.
        key: its private key, in PEM.
        authority: certificates of the authorities whose peers are trusted, in PEM: a caller must
            show a certificate of theirs. None to let everybody call, and to trust the authorities
            of the system for destinations.
        destinations: AE titles of the destinations that are reached over TLS.
    """

    certificate: Path
    key: Path
    authority: Path | None = None
    destinations: tuple[str, ...] = ()


def server_context(tls: Tls) -> ssl.SSLContext:
    """Makes the context of TLS in which callers are received.

    Raises:
        SettingsError: if a certificate or the key cannot be loaded.
    """
    with _loading():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.authority)
        context.load_cert_chain(tls.certificate, tls.key)
    if tls.authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: Tls) -> ssl.SSLContext:
    """Makes the context of TLS in which destinations are reached.

    Raises:
        SettingsError: if a certificate or the key cannot be loaded.
    """
    with _loading():
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=tls.authority)
        context.load_cert_chain(tls.certificate, tls.key)
    return context


@contextmanager
def _loading() -> Iterator[None]:
    try:
        yield
    except OSError as error:  # of which those of SSL are a kind
        raise SettingsError(
            "The certificates of `tls` cannot be loaded",
            expected="certificate, key and authority in PEM, and a key without a password",
            received=str(error.strerror or error),
            remedy="Check the paths and the permissions of the files",
        ) from error

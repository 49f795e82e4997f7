"""Download of one large file over HTTPS: resumed where it was cut off, checked before use."""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from pneumoscope.errors import FetchError, StorageError, storage_errors
from pneumoscope.files import write_text
from pneumoscope.parallel import Progress

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""
ATTEMPTS = 6
"""Number of connections in a row without a new byte after which the download fails."""
FIRST_PAUSE = 1.0
"""Seconds before the second attempt; doubled before each further one."""

_CHUNK = 2**18
_TRY_LATER = {408, 425, 429, 500, 502, 503, 504}
_AGAIN = "Check the connection, and run the same command again: it goes on where it was"
_MOVED = "See the page that gave this address: the file may have moved or changed"


@dataclass(frozen=True)
class Archive:
    """A file on a server, with its size and checksum.

    Attributes:
        url: address of the file.
        size: size of the file, in bytes.
        sha256: SHA-256 of the file, in hex.
    """

    url: str
    size: int
    sha256: str


def ask_size(url: str, sha256: str, limit: int) -> Archive:
    """Asks a server how large a file is, before it is downloaded.

    Args:
        url: address of the file.
        sha256: SHA-256 that the file must have, in hex.
        limit: greatest size of the file, in bytes.

    Raises:
        FetchError: if the server does not answer or refuses, or if the file is too large.
    """
    try:
        with _open(Archive(url, 0, sha256), 0, "") as response:
            length = response.headers.get("Content-Length", "")
    except _Interrupted as error:
        raise FetchError(
            f"Cannot fetch {url}: {error}", remedy="Check the connection, and try again"
        ) from error
    if not length.isdecimal() or int(length) > limit:
        raise FetchError(
            f"{url} cannot be fetched",
            expected=f"a file of at most {limit} bytes",
            received=f"{length} bytes" if length else "no size",
            remedy="Download it another way, and give the file",
        )
    return Archive(url, int(length), sha256)


class _Interrupted(Exception):
    """A connection that ended early; another one may bring the rest."""


def download(archive: Archive, target: Path, progress: Progress | None = None) -> None:
    """Downloads a file, or as much of it as is not there yet.

    A connection that is cut is resumed after a pause (RFC 9110, 14: range requests). Where the
    server does not support this, the download starts again.

    Args:
        archive: the file on the server.
        target: path to write to. A part that an earlier call left there is completed; beside it
            lies `target.etag`, by which the server tells whether its file is still the same.
        progress: called with the number of bytes downloaded and of all.

    Raises:
        FetchError: if the server does not answer, refuses, or offers another file. What has
            arrived stays, unless its checksum is wrong.
        StorageError: if the disk is full, or `target` cannot be written.
    """
    with storage_errors("write", target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _require_space(archive, target)
        failures, most = 0, _size(target)
        while _size(target) != archive.size:
            try:
                _go_on(archive, target, progress)
            except _Interrupted as error:
                failures = 0 if _size(target) > most else failures + 1
                most = max(most, _size(target))
                if failures >= ATTEMPTS:
                    raise FetchError(
                        f"Cannot fetch {archive.url}: {error}", remedy=_AGAIN
                    ) from error
                time.sleep(FIRST_PAUSE * 2 ** max(0, failures - 1))
        _verify(archive, target)


def _require_space(archive: Archive, target: Path) -> None:
    # The archive and what is in it: images hardly shrink in an archive.
    needed = 2 * archive.size - _size(target)
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise StorageError(
            f"There is too little space in {target.parent}",
            expected=f"{needed / 1e9:.1f} GB",
            received=f"{free / 1e9:.1f} GB",
            remedy="Free some space or choose another folder",
            code="storage-full",
            values={"path": str(target.parent), "expected": needed, "received": free},
        )


def _go_on(archive: Archive, target: Path, progress: Progress | None) -> None:
    """Continues the download over one connection; a target that is too long is started again.

    Raises:
        _Interrupted: if it is to be tried again.
    """
    have = _size(target)
    if have > archive.size:
        target.unlink()
        have = 0
    with _open(archive, have, _etag(target)) as response:
        start = _start(archive, response, have)
        with target.open("r+b" if start else "wb") as file:
            if not start:
                _remember_etag(target, response.headers)
            file.seek(start)
            file.truncate()
            _copy(archive, response, file, progress)


def _open(archive: Archive, have: int, etag: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(
        archive.url, headers={"User-Agent": "pneumoscope", "Accept-Encoding": "identity"}
    )
    if have:
        request.add_header("Range", f"bytes={have}-")
        if etag:
            request.add_header("If-Range", etag)
    try:
        response: http.client.HTTPResponse = _opener().open(request, timeout=TIMEOUT)
        return response
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _TRY_LATER:
            raise _Interrupted(f"the server says {error.code} {error.reason}") from error
        raise FetchError(
            f"Cannot fetch {archive.url}: the server says {error.code} {error.reason}",
            remedy=f"Try later. {_MOVED}",
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(
                f"Cannot fetch {archive.url}: {reason.verify_message}",
                expected="the certificate of the server itself",
                remedy="Check the clock of this machine, and what stands between it and the server",
            ) from error
        words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise _Interrupted(words) from error


def _start(archive: Archive, response: http.client.HTTPResponse, have: int) -> int:
    """Returns the position in the file, in bytes, at which the body of a response begins.

    Raises:
        FetchError: if the response is of another file, or of another part of it.
    """
    start, length = 0, response.headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() else archive.size
    if response.status == http.client.PARTIAL_CONTENT:
        found = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", "").strip()
        )
        start, size = map(int, found.groups()) if found else (-1, -1)
    if size != archive.size or start not in (0, have):
        kind = response.headers.get_content_type()
        raise FetchError(
            f"{archive.url} offers another file",
            expected=f"{archive.size} bytes",
            received=f"{size} bytes of {kind}" if size >= 0 else "an unknown part of it",
            remedy=_MOVED,
        )
    return start


def _copy(
    archive: Archive,
    response: http.client.HTTPResponse,
    file: IO[bytes],
    progress: Progress | None,
) -> None:
    while True:
        try:
            # `read` would lose what has come when the rest does not. One byte more than there
            # should be is enough to see that it is too long.
            chunk = response.read1(min(_CHUNK, archive.size - file.tell() + 1))
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(str(error) or type(error).__name__) from error
        if not chunk:
            break
        file.write(chunk)
        if file.tell() > archive.size:
            raise FetchError(
                f"{archive.url} offers another file",
                expected=f"{archive.size} bytes",
                received="more",
                remedy=_MOVED,
            )
        if progress:
            progress(file.tell(), archive.size)
    if file.tell() < archive.size:
        raise _Interrupted(f"the connection was cut at {file.tell()} of {archive.size} bytes")


def _verify(archive: Archive, target: Path) -> None:
    with target.open("rb") as file:
        received = hashlib.file_digest(file, "sha256").hexdigest()
    if received != archive.sha256:
        target.unlink()
        raise FetchError(
            f"What {archive.url} sent is not what was published, and was deleted",
            expected=f"SHA-256 {archive.sha256}",
            received=received,
            remedy="Run the same command again: it begins anew",
        )


def _size(target: Path) -> int:
    return target.stat().st_size if target.is_file() else 0


def _etag_file(target: Path) -> Path:
    return target.with_name(f"{target.name}.etag")


def _etag(target: Path) -> str:
    try:
        return _etag_file(target).read_text("latin-1").strip()
    except OSError:
        return ""


def _remember_etag(target: Path, headers: Message) -> None:
    etag = headers.get("ETag", "")
    # A weak one does not promise the same bytes (RFC 9110, 13.1.5).
    write_text(_etag_file(target), "" if etag.startswith("W/") else etag)


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from HTTPS to an unprotected address."""

    def redirect_request(
        self, request: urllib.request.Request, *answer: Any
    ) -> urllib.request.Request | None:
        url = answer[-1]
        if urlsplit(url).scheme not in {"https", urlsplit(request.full_url).scheme}:
            raise FetchError(
                f"{request.full_url} leads to an address that is not safe",
                expected="HTTPS",
                received=url,
                remedy=_MOVED,
            )
        return super().redirect_request(request, *answer)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_SameScheme)

"""Files of a multipart request, each as soon as it has arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from pneumoscope.files import printable
from pneumoscope.server.bodies import Held, check_encoding, chunks
from pneumoscope.server.places import Memory
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.settings import Settings

_UNNAMED = "-"


@dataclass(frozen=True, eq=False)
class Part:
    """A file of a request.

    Attributes:
        name: name of the file as the client says, for its record only.
        held: content of the file, and the memory that is taken for it.
    """

    name: str
    held: Held


def is_multipart(request: Request) -> bool:
    """Returns whether a request brings files in parts.

    Raises:
        RequestError: if it has parts of another kind than a form.
    """
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    if kind.startswith(b"multipart/") and kind != b"multipart/form-data":
        raise RequestError(
            "Such a body is not read",
            expected="one file, or multipart/form-data",
            received=kind.decode("latin-1")[:40],
            code="request-encoded",
        )
    return kind == b"multipart/form-data"


async def read_parts(request: Request, settings: Settings, memory: Memory) -> AsyncIterator[Part]:
    """Yields the files of a request, each as soon as it has arrived.

    Args:
        request: the request.
        settings: settings of the service.
        memory: memory for the files of all requests; whoever takes a part releases it.

    Raises:
        RequestError: if the body is malformed, compressed or too slow, has too many files or one
            that is too large, or there is no memory.
        ClientDisconnect: if the client leaves.
    """
    check_encoding(request)
    parser, held, count = _make_parser(request), Held(memory, settings.most_bytes), 0
    try:
        async for chunk in chunks(request, settings.patience):
            for event in parser.feed(chunk):
                if isinstance(event, bytes):
                    await held.add(event)
                    continue
                count += 1
                if count > settings.most_parts:
                    raise _too_many(settings.most_parts)
                part, held = Part(event.name, held), Held(memory, settings.most_bytes)
                yield part
    finally:
        held.release()
    if not (parser.ended and count):
        raise _malformed("the body ends before its last part" if count else "it has no part")


def _too_many(most: int) -> RequestError:
    return RequestError(
        "The request has too many files",
        expected=f"at most {most}",
        remedy="Send them in several requests",
        code="request-too-large",
        values={"limit": most},
    )


def _malformed(reason: str) -> RequestError:
    return RequestError(
        f"The multipart body is malformed: {reason}",
        expected="multipart/form-data with a boundary and a file in each part",
        code="request-malformed",
    )


def _make_parser(request: Request) -> _Parser:
    _, options = parse_options_header(request.headers.get("content-type", ""))
    try:
        return _Parser(options[b"boundary"])
    except (KeyError, FormParserError):
        raise _malformed("it has no boundary, or one that is too long") from None


@dataclass(frozen=True)
class _End:
    """The end of a part, which had this name."""

    name: str


class _Parser:
    """A parser that tells what each piece of a body brings: content, and ends of parts.

    Attributes:
        ended: True after the end of the last part.
    """

    def __init__(self, boundary: bytes) -> None:
        self.ended = False
        self._found: list[bytes | _End] = []
        self._field = self._value = b""
        self._name = _UNNAMED
        self._parser = MultipartParser(
            boundary,
            {
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> list[bytes | _End]:
        """Parses the next piece of the body.

        Raises:
            RequestError: if it is malformed.
        """
        self._found = []
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed("it is not what its boundary announces") from None
        return self._found

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            _, options = parse_options_header(self._value.decode("latin-1"))
            name = options.get(b"filename") or options.get(b"name") or b""
            # Browsers and curl send UTF-8, and nothing says so.
            self._name = printable(name.decode(errors="replace")) or _UNNAMED
        self._field = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._found.append(data[start:end])

    def _on_part(self) -> None:
        self._found.append(_End(self._name))
        self._name = _UNNAMED

    def _on_end(self) -> None:
        self.ended = True

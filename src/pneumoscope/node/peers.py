"""Application entities that the node talks to: their titles, and where they listen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pneumoscope.errors import SettingsError

_AE_TITLE = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")
_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:@\[\]]+)):(?P<port>[0-9]+)")


@dataclass(frozen=True)
class Peer:
    """An application entity and its address.

    Attributes:
        ae: its AE title.
        host: name or address of its machine.
        port: port that it listens on.
    """

    ae: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae}@{host}:{self.port}"


def parse_peer(text: str) -> Peer:
    """Reads a peer as written in settings: `ORTHANC@pacs.example.org:4242`.

    Raises:
        SettingsError: if it is malformed.
    """
    title, at, address = text.rpartition("@")
    found = _ADDRESS.fullmatch(address)
    if not at or found is None or not 0 < int(found["port"]) < 65536:
        raise SettingsError(
            f"{text} is no destination",
            expected="an AE title, a host and a port, such as ORTHANC@127.0.0.1:4242",
            values={"received": text},
        )
    return Peer(check_title(title), found["v6"] or found["host"], int(found["port"]))


def check_title(title: str) -> str:
    """Returns an AE title if it is one (PS3.5 6.2, VR AE).

    Raises:
        SettingsError: if it is empty, too long, or holds what an AE title may not.
    """
    if _AE_TITLE.fullmatch(title):
        return title
    raise SettingsError(
        f"{title!r} is no AE title",
        expected="1 to 16 characters of ASCII, without a backslash and without spaces at its ends",
        received=f"{len(title)} characters",
        values={"received": title},
    )

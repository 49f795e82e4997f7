"""How an archive is reached by DICOMweb."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pneumoscope.errors import SettingsError

_VARIABLE = "PNEUMOSCOPE_DICOMWEB_"


def _secret(name: str) -> str:
    """Declares a setting that is not printed, and by default is taken from the environment."""
    made: str = field(default_factory=lambda: os.environ.get(f"{_VARIABLE}{name}", ""), repr=False)
    return made


def _named_file() -> Path | None:
    name = os.environ.get(f"{_VARIABLE}CA")
    return Path(name) if name else None


def is_address(name: str) -> bool:
    """Returns whether a name is the address of an archive, and of no peer and no file."""
    return "://" in name


@dataclass(frozen=True, kw_only=True)
class Access:
    """How an archive is reached by DICOMweb.

    Attributes:
        url: address of the service, the part before `/studies`.
        token: bearer token, if one is asked for; by default that in the environment variable
            PNEUMOSCOPE_DICOMWEB_TOKEN.
        user: name of the user, if a password is asked for; by default PNEUMOSCOPE_DICOMWEB_USER.
        password: password of the user; by default PNEUMOSCOPE_DICOMWEB_PASSWORD.
        ca: file of the certificates that that of the archive is checked against, as PEM; by
            default PNEUMOSCOPE_DICOMWEB_CA, or else those that come with `certifi`.

    Raises:
        SettingsError: if the address is not one of HTTP, or holds a password; if there is a
            password without its user, or a token as well; or if there is no such file.
    """

    url: str = field(kw_only=False)
    token: str = _secret("TOKEN")
    user: str = _secret("USER")
    password: str = _secret("PASSWORD")
    ca: Path | None = field(default_factory=_named_file)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.username or parts.password:
            raise SettingsError(
                "The address of the archive holds a user or a password",
                remedy="Give them as `user` and `password`, which are never printed",
            )
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise SettingsError(
                "The address of the archive is not that of a DICOMweb service",
                expected="such as https://pacs.example:8043/dicom-web",
                received=self.url.partition("?")[0],
            )
        if bool(self.user) != bool(self.password) or (self.user and self.token):
            raise SettingsError(
                "It is unclear how to log in to the archive",
                expected="`user` and `password`, or `token`, or none of them",
            )
        if self.ca and not self.ca.is_file():
            raise SettingsError(f"There is no file {self.ca}", remedy="Check `ca`")

"""How an archive is reached by DICOMweb, and how it is polled."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pneumoscope.errors import SettingsError, out_of_range


def _secret(name: str) -> str:
    """Declares a setting that is not printed, and by default is taken from the environment."""
    variable = f"PNEUMOSCOPE_DICOMWEB_{name}"
    made: str = field(default_factory=lambda: os.environ.get(variable, ""), repr=False)
    return made


def is_address(destination: str) -> bool:
    """Returns whether the name of a destination is the address of an archive, and of no peer."""
    return "://" in destination


@dataclass(frozen=True)
class DicomWeb:
    """How an archive is reached by DICOMweb, and how it is polled.

    Attributes:
        url: address of the service, the part before `/studies`.
        days: age of the studies that are looked at, in days, by their Study Date; 0 for all, also
            those without a date.
        pause: time between two polls, in seconds.
        token: bearer token, if one is asked for; by default that in the environment variable
            PNEUMOSCOPE_DICOMWEB_TOKEN.
        user: name of the user, if a password is asked for; by default PNEUMOSCOPE_DICOMWEB_USER.
        password: password of the user; by default PNEUMOSCOPE_DICOMWEB_PASSWORD.
        ca: file of the certificates that that of the archive is checked against, as PEM; by
            default those that come with `certifi`.

    Raises:
        SettingsError: if the address is not one of HTTP, or holds a password; if days or pause are
            out of range; if there is a password without its user, or a token as well; or if there
            is no such file.
    """

    url: str
    days: int = 3
    pause: float = 10.0
    token: str = _secret("TOKEN")
    user: str = _secret("USER")
    password: str = _secret("PASSWORD")
    ca: Path | None = None

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
        if self.days < 0:
            raise out_of_range("days", self.days, "0 or more")
        if not 1 <= self.pause <= 3600:
            raise out_of_range("pause", self.pause, "1 to 3600 seconds")
        if bool(self.user) != bool(self.password) or (self.user and self.token):
            raise SettingsError(
                "It is unclear how to log in to the archive",
                expected="`user` and `password`, or `token`, or none of them",
            )
        if self.ca and not self.ca.is_file():
            raise SettingsError(f"There is no file {self.ca}", remedy="Check `ca`")

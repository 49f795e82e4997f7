"""How an archive is reached by DICOMweb, and how it is polled."""

from __future__ import annotations

from dataclasses import dataclass

from pneumoscope.dicomweb.access import Access
from pneumoscope.errors import out_of_range


@dataclass(frozen=True, kw_only=True)
class DicomWeb(Access):
    """How an archive is reached by DICOMweb, and how it is polled.

    Attributes:
        days: age of the studies that are looked at, in days, by their Study Date; 0 for all, also
            those without a date.
        pause: time between two polls, in seconds.

    Raises:
        SettingsError: as `Access`; or if days or pause are out of range.
    """

    days: int = 3
    pause: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.days < 0:
            raise out_of_range("days", self.days, "0 or more")
        if not 1 <= self.pause <= 3600:
            raise out_of_range("pause", self.pause, "1 to 3600 seconds")

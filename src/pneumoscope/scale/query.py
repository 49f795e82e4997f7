"""The images that an archive finds by DICOMweb (QIDO-RS), listed to be fetched later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from pneumoscope.dicomweb.access import Access
from pneumoscope.errors import SettingsError, unknown_choice
from pneumoscope.scale.source import Named, Source

if TYPE_CHECKING:  # the client and pydicom take 30 MB, also from those who score files
    from pneumoscope.dicomweb.archive import Archive, Instance, Study

_MODALITIES = "ModalitiesInStudy"
_KEYS = {
    _MODALITIES: re.compile(r"[A-Z]{2,16}(,[A-Z]{2,16})*"),
    "StudyDate": re.compile(r"\d{8}(-(\d{8})?)?|-\d{8}"),
    "StudyDescription": re.compile(r"[^\\]{1,64}"),
}
"""What may be searched for, and its values (PS3.4 C.2.2.2); nothing that names a patient."""
_EXPECTED = f"{_MODALITIES}=CR,DX&StudyDate=20240101-20241231, each once"
_WANTED = {
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography Image Storage
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray Image Storage - For Presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray Image Storage - For Processing
    "",  # of an archive that does not tell: reading shows what it is
}


@dataclass(frozen=True)
class Query:
    """A query of an archive.

    Attributes:
        url: address of the service.
        modalities: modalities that a study has one of.
        keys: further matching keys, by name.
    """

    url: str
    modalities: tuple[str, ...]
    keys: Mapping[str, str]

    @property
    def address(self) -> str:
        """The whole address, the same however it was written."""
        keys = {_MODALITIES: ",".join(self.modalities), **self.keys}
        return f"{self.url}?{urlencode(sorted(keys.items()), safe=',*?')}"


def parse_query(address: str) -> Query:
    """Parses the address of a service, with matching keys of studies behind it.

    Raises:
        SettingsError: if it is no address of a service, holds a password, or a key that is unknown,
            given twice or has no valid value; or if it is unclear how to log in.
    """
    url, _, text = address.partition("?")
    Access(url)
    found = parse_qsl(text, keep_blank_values=True)
    keys = {_MODALITIES: "CR,DX", **dict(found)}
    for name, value in keys.items():
        if name not in _KEYS:
            raise unknown_choice(
                "The query has a matching key that is not used", name, list(_KEYS), setting="data"
            )
        if not _KEYS[name].fullmatch(value) or len({*dict(found)}) < len(found):
            raise SettingsError(
                f"The query has no valid {name}", expected=_EXPECTED, remedy="Check the address"
            )
    modalities = tuple(sorted({*keys.pop(_MODALITIES).split(",")}))
    return Query(url.rstrip("/"), modalities, keys)


def open_query(query: Query, stray: Callable[[Path], None]) -> Source:
    """Opens a query; the path of an image is its UIDs: study, series and instance.

    An instance counts once, wherever the archive has it.

    Args:
        query: the query.
        stray: function that is called with each instance of another class than radiographs have.
    """
    from pneumoscope.dicomweb.archive import Archive
    from pneumoscope.scale.fetch import TIMEOUT, patiently

    def images() -> Iterator[Named]:
        known: set[str] = set()
        with Archive(Access(query.url), TIMEOUT) as archive:
            for study in _studies(archive, query):
                for each in patiently(partial(_instances, archive, study)):
                    path = Path(each.study, each.series, each.uid)
                    if each.sop_class not in _WANTED:
                        stray(path)
                    elif each.uid not in known:
                        known.add(each.uid)
                        yield Named(path)

    return Source(query.address, Path(), images, query.url)


def _studies(archive: Archive, query: Query) -> list[Study]:
    """Lists the studies that have one of the modalities, each once."""
    from pneumoscope.scale.fetch import patiently

    def having(modality: str) -> dict[str, Study]:
        keys = {_MODALITIES: modality, **query.keys}
        return {study.uid: study for study in archive.match_studies(keys)}

    found: dict[str, Study] = {}
    for modality in query.modalities:
        found |= patiently(partial(having, modality))
    return [*found.values()]


def _instances(archive: Archive, study: Study) -> list[Instance]:
    return [*archive.find_instances(study)]

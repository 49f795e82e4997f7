"""An archive that speaks DICOMweb: search, retrieval and storage of instances (PS3.18, clause 10).

No error of this module quotes an answer or an address below that of the service: both may hold
UIDs, and an answer whatever a header holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from email.message import Message
from http import HTTPStatus
from io import BytesIO
from typing import Any

import requests
from dicomweb_client import DICOMwebClient
from pydicom import Dataset, dcmread

from pneumoscope.dicomweb.access import Access
from pneumoscope.dicomweb.session import MOST_BYTES, open_session
from pneumoscope.errors import PeerError
from pneumoscope.notices import Value

_PAGE = 1000
"""Number of rows that are asked for at once."""
_DICOM = "application/dicom"
_ACCEPT = f'multipart/related; type="{_DICOM}"; transfer-syntax=*'
_UID = re.compile(r"(?!\.+$)[0-9A-Za-z.-]{1,64}")  # and no step to another folder
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_SOP_CLASS, _SERIES_DESCRIPTION = "00080016", "0008103E"
_SERIES_COUNT, _INSTANCE_COUNT = "00201206", "00201208"
_OUT_OF_RESOURCES = range(0xA700, 0xA800)  # PS3.18 10.5.3, table I.2-2: tried again later
_BUSY = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
    HTTPStatus.INSUFFICIENT_STORAGE,
}
_DENIED = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
}
_MISSING = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}

_LATER = "It is tried again later"
_FAILURES = {
    "archive-away": ("it is away, or busy", _LATER),
    "archive-untrusted": ("its certificate is not trusted", "Give its authority as `ca`"),
    "archive-denied": ("it denies access", "Check `token`, or `user` and `password`"),
    "archive-missing": ("there is no such thing at this address", "Check the address"),
    "archive-refused": ("it refuses", "See the log of the archive"),
    "archive-failed": ("it failed", "See the log of the archive"),
    "archive-answer": ("its answer cannot be read", "See the log of the archive"),
}
"""What went wrong, and the remedy, by code."""


@dataclass(frozen=True)
class Study:
    """A study in the archive.

    Attributes:
        uid: its Study Instance UID.
        size: numbers of its series and instances, which tell that something came or went; None
            where the archive does not count them.
    """

    uid: str = field(repr=False)
    size: tuple[int, int] | None


@dataclass(frozen=True)
class Instance:
    """An instance in the archive.

    Attributes:
        study: Study Instance UID.
        series: Series Instance UID.
        uid: SOP Instance UID.
        sop_class: SOP Class UID.
        series_description: Series Description, empty if the archive does not tell it.
    """

    study: str = field(repr=False)
    series: str = field(repr=False)
    uid: str = field(repr=False)
    sop_class: str
    series_description: str = field(repr=False)


class Archive:
    """A connection to an archive, for one thread.

    Args:
        settings: how it is reached.
        timeout: time without a byte after which a connection counts as cut, in seconds.
    """

    def __init__(self, settings: Access, timeout: float) -> None:
        self._url = settings.url.rstrip("/")
        self._timeout = timeout
        self._session = open_session(settings)
        self._client = DICOMwebClient(
            self._url,
            self._session,
            chunk_size=MOST_BYTES,  # sent whole: many servers know no chunked requests
            permissive_uid=True,
            timeout=timeout,
        )
        self._client.set_http_retry_params(retry=False)  # whoever calls knows when to try again

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def check(self) -> None:
        """Checks that the archive answers a search.

        Raises:
            PeerError: as `find_studies`.
        """
        next(self.find_studies("CR", date.today()), None)

    def find_studies(self, modality: str, since: date | None) -> Iterator[Study]:
        """Searches for studies, each once (PS3.18 10.6).

        Args:
            modality: modality that one of its series has, such as "CR".
            since: first Study Date, so that studies without a date are not found; None for any.

        Raises:
            PeerError: if the archive does not answer, or not as it should; `code` says which.
        """
        dates = {} if since is None else {"StudyDate": f"{since:%Y%m%d}-"}
        return self.match_studies({"ModalitiesInStudy": modality, **dates})

    def match_studies(self, keys: Mapping[str, str]) -> Iterator[Study]:
        """Searches for the studies that match all of some keys, each once.

        Args:
            keys: values of attributes, by keyword.

        Raises:
            PeerError: as `find_studies`.
        """
        return self._find(
            self._client.search_for_studies,
            _STUDY,
            _study,
            fields=["NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"],
            search_filters={**keys},
        )

    def find_instances(self, study: Study) -> Iterator[Instance]:
        """Searches for the instances of a study, each once.

        Raises:
            PeerError: as `find_studies`.
        """
        return self._find(
            self._client.search_for_instances,
            _INSTANCE,
            lambda row: _instance(row, study),
            study_instance_uid=study.uid,
            fields=["SOPClassUID", "SeriesInstanceUID", "SeriesDescription"],
        )

    def retrieve(self, instance: Instance) -> bytes:
        """Retrieves an instance, in the transfer syntax that it is stored in (PS3.18 10.4).

        The client library would parse it and encode it anew, and would take a message that was cut
        off for a whole one.

        Returns:
            The bytes of a whole DICOM file.

        Raises:
            PeerError: as `find_studies`.
        """
        parts = (instance.study, "series", instance.series, "instances", instance.uid)
        url = "/".join((self._url, "studies", *parts))
        with self._translated("retrieve an instance"):
            response = self._session.get(url, headers={"Accept": _ACCEPT}, timeout=self._timeout)
            response.raise_for_status()
            return _only_part(response.headers["Content-Type"], response.content)

    def store(self, data: bytes) -> int:
        """Stores an instance (PS3.18 10.5).

        Args:
            data: bytes of a whole DICOM file.

        Returns:
            0, or the reason for a warning: it was stored with changes (PS3.18 I.2.2).

        Raises:
            PeerError: as `find_studies`; `archive-refused` if the archive will not have it, with
                its FailureReason in `values`, if it gives one.
        """
        with self._translated("store an instance"):
            answer = self._store(dcmread(BytesIO(data)))
            failed = [int(one.FailureReason) for one in answer.get("FailedSOPSequence") or ()]
            stored = answer.get("ReferencedSOPSequence") or ()
            warned = [int(one.get("WarningReason") or 0) for one in stored]
        if failed and failed[0] in _OUT_OF_RESOURCES:
            raise self._error("store an instance", "archive-away", reason=failed[0])
        if failed:
            raise self._error("store an instance", "archive-refused", reason=failed[0])
        return max(warned, default=0)

    def _store(self, ds: Dataset) -> Dataset:
        try:
            return self._client.store_instances([ds])
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code == HTTPStatus.CONFLICT:
                with suppress(Exception):  # the reason is a bonus, in XML as often as not
                    return Dataset.from_json(error.response.json())
            raise

    def _find(
        self,
        search: Callable[..., list[dict[str, Any]]],
        key: str,
        parse: Callable[[Mapping[str, Any]], Any],
        **query: Any,
    ) -> Iterator[Any]:
        """Yields what rows hold, page by page, until a page brings nothing new."""
        known: set[str] = set()
        offset = 0
        while True:
            with self._translated("search"):
                rows = search(limit=_PAGE, offset=offset, **query)
                new = {uid: row for row in rows if (uid := _value(row, key)) not in known}
                found = [parse(row) for uid, row in new.items() if _UID.fullmatch(uid)]
            if not new:
                return
            yield from found
            known.update(new)
            offset += len(rows)

    @contextmanager
    def _translated(self, asked: str) -> Iterator[None]:
        """Turns every exception of the block into an error, without its text."""
        try:
            yield
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            raise self._error(asked, _code_of(status), status=status) from None
        except requests.TooManyRedirects:
            raise self._error(asked, "archive-missing", kind="redirection") from None
        except requests.exceptions.SSLError:
            raise self._error(asked, "archive-untrusted") from None
        except (requests.JSONDecodeError, requests.exceptions.ContentDecodingError):
            raise self._error(asked, "archive-answer") from None
        except (requests.RequestException, TimeoutError) as error:
            raise self._error(asked, "archive-away", kind=type(error).__name__) from None
        except Exception as error:  # what a broken answer leads to in parsers: of any kind
            raise self._error(asked, "archive-answer", kind=type(error).__name__) from None

    def _error(self, asked: str, code: str, **values: Value) -> PeerError:
        what, remedy = _FAILURES[code]
        told = ", ".join(f"{name} {value}" for name, value in values.items())
        return PeerError(
            f"The archive at {self._url} did not {asked}: {what}",
            received=told,
            remedy=remedy,
            code=code,
            values={"url": self._url, **values},
        )


def _code_of(status: int) -> str:
    """Returns the code of an error for a status of HTTP."""
    if status in _BUSY:
        return "archive-away"
    if status in _DENIED:
        return "archive-denied"
    if status in _MISSING:
        return "archive-missing"
    return "archive-failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "archive-refused"


def _study(row: Mapping[str, Any]) -> Study:
    series, instances = (_value(row, tag) for tag in (_SERIES_COUNT, _INSTANCE_COUNT))
    counted = series.isdecimal() and instances.isdecimal()
    return Study(_value(row, _STUDY), (int(series), int(instances)) if counted else None)


def _instance(row: Mapping[str, Any], study: Study) -> Instance:
    series, sop_class = _value(row, _SERIES), _value(row, _SOP_CLASS)
    if not _UID.fullmatch(series):
        raise ValueError
    return Instance(
        study.uid, series, _value(row, _INSTANCE), sop_class, _value(row, _SERIES_DESCRIPTION)
    )


def _value(row: Mapping[str, Any], tag: str) -> str:
    """Reads the first value of an attribute in the DICOM JSON model (PS3.18 F.2), as text."""
    values = row.get(tag, {}).get("Value") or [""]
    return str(values[0])


def _only_part(content_type: str, body: bytes) -> bytes:
    """Takes the only part of a message of several parts (RFC 2046, clause 5.1.1).

    Some servers send the part alone, which an edition of the Standard allowed.

    Raises:
        ValueError: if it was cut off, has several parts or none, or the part is no DICOM file.
    """
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() != _DICOM:
        delimiter = f"\r\n--{header.get_boundary()}".encode()
        _, part, end = (b"\r\n" + body).split(delimiter)
        if not end.startswith(b"--"):
            raise ValueError("cut off")
        _, _, body = part.partition(b"\r\n\r\n")
    if body[128:132] != b"DICM":
        raise ValueError("no DICOM file")
    return body

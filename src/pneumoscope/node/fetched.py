"""Memory of what was fetched from an archive, on the disk: digests of UIDs, and no UID."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pneumoscope.dicomweb.archive import Study
from pneumoscope.files import write_json

_DIGITS = 32


@dataclass
class _Known:
    """What is known of a study: its size when all of it was fetched, and the instances that were.

    The size is None as long as something is left to do, or where the archive does not tell it.
    """

    size: tuple[int, int] | None = None
    instances: set[str] = field(default_factory=set)


class Fetched:
    """What was fetched from one archive, for one thread.

    What is no longer in the archive is forgotten: if it is sent there once more, it is new.

    Args:
        path: file to keep it in. One that is damaged, or of another archive, counts as none: what
            is fetched again leads to the same results.
        url: address of the archive.
    """

    def __init__(self, path: Path, url: str) -> None:
        self._path, self._url = path, url
        self._studies: dict[str, _Known] = {}
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            content = json.loads(path.read_text("utf-8"))
            if content["url"] == url:
                self._studies = {
                    digest: _parse(known) for digest, known in content["studies"].items()
                }

    def has_all(self, study: Study) -> bool:
        """Returns whether all of a study was fetched, and its size is still the same."""
        known = self._studies.get(_digest(study.uid))
        return known is not None and known.size is not None and known.size == study.size

    def has(self, study: Study, uid: str) -> bool:
        """Returns whether an instance of a study was fetched, by its UID."""
        known = self._studies.get(_digest(study.uid))
        return known is not None and _digest(uid) in known.instances

    def add(self, study: Study, uid: str) -> None:
        """Remembers that an instance was fetched.

        Raises:
            StorageError: if it cannot be written.
        """
        self._studies.setdefault(_digest(study.uid), _Known()).instances.add(_digest(uid))
        self._write()

    def settle(self, study: Study) -> None:
        """Remembers that all of a study was fetched.

        Raises:
            StorageError: if it cannot be written.
        """
        self._studies.setdefault(_digest(study.uid), _Known()).size = study.size
        self._write()

    def keep_studies(self, listed: Iterable[Study]) -> None:
        """Forgets all studies but those that the archive lists.

        Raises:
            StorageError: if it cannot be written.
        """
        gone = self._studies.keys() - {_digest(study.uid) for study in listed}
        for digest in gone:
            del self._studies[digest]
        if gone:
            self._write()

    def keep_instances(self, study: Study, listed: Iterable[str]) -> None:
        """Forgets all instances of a study but those that the archive lists, by their UIDs.

        Raises:
            StorageError: if it cannot be written.
        """
        known = self._studies.get(_digest(study.uid))
        if known and (gone := known.instances - {_digest(uid) for uid in listed}):
            known.instances -= gone
            self._write()

    def _write(self) -> None:
        studies = {
            digest: {"size": known.size, "instances": sorted(known.instances)}
            for digest, known in self._studies.items()
        }
        write_json(self._path, {"url": self._url, "studies": studies})


def _parse(content: dict[str, Any]) -> _Known:
    size = content["size"]
    return _Known(None if size is None else (int(size[0]), int(size[1])), {*content["instances"]})


def _digest(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:_DIGITS]

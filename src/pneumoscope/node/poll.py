"""Polling of an archive by DICOMweb: each new radiograph is fetched once, and given to the node."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import date, timedelta
from threading import Event as Flag

from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
)

from pneumoscope.derived.kinds import SERIES
from pneumoscope.dicomweb.archive import Archive, Instance, Study
from pneumoscope.errors import PeerError, StorageError
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.deliver import find_delay
from pneumoscope.node.dimse import radiograph_classes
from pneumoscope.node.events import Delayed, Observer
from pneumoscope.node.fetched import Fetched
from pneumoscope.node.intake import OUT_OF_RESOURCES, Offer
from pneumoscope.node.settings import Settings

_MODALITIES: dict[str, str] = {
    ComputedRadiographyImageStorage: "CR",
    DigitalXRayImageStorageForPresentation: "DX",
    SecondaryCaptureImageStorage: "OT",
}
"""Modality of the series that instances of a SOP class are in (PS3.3 C.7.3.1.1.1)."""
_OF_THE_ARCHIVE = {"archive-away", "archive-denied", "archive-untrusted"}
"""Codes of errors that no request would be spared; others may be those of one instance."""
_FETCHED = "fetched.json"
_OWN = {series.description for series in SERIES.values()}

Take = Callable[[Offer], int]
"""Function that takes an object into the spool, and returns a status of C-STORE."""


class Poller:
    """What fetches new radiographs from one archive, in a thread of its own, until it is stopped.

    Args:
        archive: the archive.
        settings: its settings.
        sop_classes: SOP classes to fetch.
        fetched: memory of what was fetched.
        take: function that takes an object.
        tell: function that is told events.
        stopping: flag that ends the work after the object at hand.
    """

    def __init__(
        self,
        archive: Archive,
        settings: DicomWeb,
        sop_classes: Collection[str],
        fetched: Fetched,
        take: Take,
        tell: Observer,
        stopping: Flag,
    ) -> None:
        self._archive, self._settings, self._sop_classes = archive, settings, sop_classes
        self._fetched, self._take, self._tell, self._stopping = fetched, take, tell, stopping
        # Studies that something could not be fetched of: number of failures, and when to try again.
        self._postponed: dict[str, tuple[int, float]] = {}

    def run(self) -> None:
        """Polls until it is stopped."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self.poll()
            except (PeerError, StorageError) as error:
                seconds = find_delay(failures)
                failures += 1
                self._tell(Delayed(self._settings.url, error.code, failures, seconds))
            else:
                failures, seconds = 0, self._settings.pause
            self._stopping.wait(seconds)

    def poll(self) -> None:
        """Fetches what is new since the last time.

        Raises:
            PeerError: if the archive does not answer, or not as it should.
            StorageError: if the node has no room, or what was fetched cannot be remembered.
        """
        days = self._settings.days
        since = date.today() - timedelta(days) if days else None
        modalities = {_MODALITIES[each] for each in self._sop_classes}
        studies = {
            study.uid: study
            for modality in sorted(modalities)
            for study in self._archive.find_studies(modality, since)
        }
        self._fetched.keep_studies(studies.values())
        for study in studies.values():
            if self._stopping.is_set():
                return
            if not self._fetched.has_all(study) and self._is_due(study):
                self._look_into(study)

    def _is_due(self, study: Study) -> bool:
        _, due = self._postponed.get(study.uid, (0, 0.0))
        return time.monotonic() >= due

    def _look_into(self, study: Study) -> None:
        """Fetches what is new in a study; what cannot be fetched is tried again later."""
        listed = list(self._archive.find_instances(study))
        self._fetched.keep_instances(study, [instance.uid for instance in listed])
        failed = ""
        for instance in filter(self._is_wanted, listed):
            if self._stopping.is_set():
                return
            if not self._fetched.has(study, instance.uid):
                failed = self._fetch(study, instance) or failed
        if failed:
            self._postpone(study, failed)
        else:
            self._postponed.pop(study.uid, None)
            self._fetched.settle(study)

    def _is_wanted(self, instance: Instance) -> bool:
        return instance.sop_class in self._sop_classes and instance.series_description not in _OWN

    def _fetch(self, study: Study, instance: Instance) -> str:
        """Fetches an instance; returns the code of the error if it, and only it, cannot be."""
        try:
            data = self._archive.retrieve(instance)
        except PeerError as error:
            if error.code in _OF_THE_ARCHIVE:
                raise
            return error.code
        offer = Offer(data, self._settings.url, instance.sop_class, instance.uid)
        if self._take(offer) == OUT_OF_RESOURCES:
            raise StorageError("The spool cannot be written", remedy="Free some space")
        self._fetched.add(study, instance.uid)
        return ""

    def _postpone(self, study: Study, code: str) -> None:
        failures, _ = self._postponed.get(study.uid, (0, 0.0))
        seconds = find_delay(failures)
        self._postponed[study.uid] = failures + 1, time.monotonic() + seconds
        self._tell(Delayed(self._settings.url, code, failures + 1, seconds))


def poll_archive(
    settings: Settings, address: DicomWeb, take: Take, tell: Observer, stopping: Flag
) -> None:
    """Polls an archive until it is stopped, and remembers beside the spool what was fetched.

    Args:
        settings: settings of the node.
        address: the archive.
        take: function that takes an object.
        tell: function that is told events.
        stopping: flag that ends the work after the object at hand.
    """
    fetched = Fetched(settings.spool / _FETCHED, address.url)
    with Archive(address, settings.timeout) as archive:
        Poller(archive, address, radiograph_classes(settings), fetched, take, tell, stopping).run()

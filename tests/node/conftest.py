"""A node with a maker that takes no time, an archive that takes its results, and senders."""

from __future__ import annotations

import gc
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.events import Event

from pneumoscope.derived.kinds import Kind, derived_uid
from pneumoscope.monitor import Observation
from pneumoscope.node import dimse
from pneumoscope.node.entry import Entry
from pneumoscope.node.events import Event as Told
from pneumoscope.node.made import Made
from pneumoscope.node.run import Node
from pneumoscope.node.settings import Settings
from pneumoscope.node.silence import silenced
from pneumoscope.node.spool import open_spool
from pneumoscope.types import Status

SECONDS = 20.0


def make_radiograph(number: int = 1, **changes: object) -> Dataset:
    """Makes a small radiograph of noise, with UIDs by its number."""
    ds = Dataset()
    ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.SOPInstanceUID = f"1.2.826.0.1.3680043.10.999.3.{number}"
    ds.StudyInstanceUID = f"1.2.826.0.1.3680043.10.999.1.{number}"
    ds.SeriesInstanceUID = f"1.2.826.0.1.3680043.10.999.2.{number}"
    ds.Modality, ds.PatientName, ds.PatientID = "CR", "PLANTED^NAME", "PLANTED-ID"
    ds.Rows = ds.Columns = 64
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    pixels = np.random.default_rng(number).integers(0, 256, (64, 64), dtype=np.uint8)
    ds.PixelData = pixels.tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def to_bytes(ds: Dataset) -> bytes:
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


class QuickMaker:
    """A maker whose results are empty but for their identity; some radiographs it fails at."""

    def __init__(self) -> None:
        self.errors: dict[str, list[Exception]] = {}
        self.seen: list[str] = []

    def make(self, entry: Entry) -> Made:
        uid = str(dcmread(entry.object).SOPInstanceUID)
        self.seen.append(uid)
        if self.errors.get(uid):
            raise self.errors[uid].pop(0)
        results = [(kind, *make_result(uid, kind)) for kind in Kind]
        return Made(Status.ACCEPTED, (), tuple(results), 0.0, 0.0, Observation(Status.ACCEPTED))


def make_result(source: str, kind: Kind) -> tuple[str, bytes]:
    uid = derived_uid(source, "0" * 64, kind, "instance")
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesDescription = dimse.RESULTS[kind], uid, kind.value
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = uid
    return uid, to_bytes(ds)


def results_of(*radiographs: Dataset) -> set[str]:
    """Lists the UIDs that the results of radiographs have."""
    return {make_result(ds.SOPInstanceUID, kind)[0] for ds in radiographs for kind in Kind}


@dataclass
class Archive:
    """An archive that keeps what it is sent, or answers as it is told to."""

    port: int
    kept: list[UID] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    associations: int = 0
    lock: Lock = field(default_factory=Lock)

    def store(self, event: Event) -> int:
        with self.lock:
            self.kept.append(event.request.AffectedSOPInstanceUID)
        return self.statuses.get(event.request.AffectedSOPClassUID, 0x0000)

    def count(self, _: Event) -> None:
        self.associations += 1

    @property
    def name(self) -> str:
        return f"ARCHIVE@127.0.0.1:{self.port}"


@contextmanager
def archive_at(port: int = 0, kinds: tuple[Kind, ...] = tuple(Kind)) -> Iterator[Archive]:
    ae = AE("ARCHIVE")
    for kind in kinds:
        ae.add_supported_context(dimse.RESULTS[kind])
    found = Archive(port)
    handlers = [(evt.EVT_C_STORE, found.store), (evt.EVT_ACCEPTED, found.count)]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    found.port = server.server_address[1]
    try:
        yield found
    finally:
        ae.shutdown()


@pytest.fixture
def archive() -> Iterator[Archive]:
    with archive_at() as found:
        yield found


@dataclass
class Running:
    """A node at work, what it has told, and its maker."""

    node: Node
    settings: Settings
    told: list[Told]
    maker: QuickMaker

    @property
    def port(self) -> int:
        return self.node.port

    def of(self, kind: type[Told]) -> list[Told]:
        return [event for event in self.told if isinstance(event, kind)]

    def wait_for(self, kind: type[Told], count: int = 1) -> list[Told]:
        wait_until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def send(self, *radiographs: Dataset, **options: str) -> list[int | None]:
        return send(self.port, *radiographs, **options)


@pytest.fixture(autouse=True)
def no_open_sockets() -> Iterator[None]:
    """Waits for the ends of associations, some of whose sockets pynetdicom does not close."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, Association | DULServiceProvider):
            thread.join(2.0)
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


def settings_for(folder: Path, *to: str, **changes: object) -> Settings:
    """Makes settings of a node on a free port, whose spool lies in a folder."""
    return Settings(**{"port": 0, "timeout": 5.0, "to": to, "spool": folder / "spool", **changes})


@contextmanager
def running_node(
    folder: Path, *to: str, maker: QuickMaker | None = None, **changes: object
) -> Iterator[Running]:
    """Runs a node with the settings of `settings_for`."""
    settings, told, maker = settings_for(folder, *to, **changes), [], maker or QuickMaker()
    with silenced(told.append), open_spool(settings.spool) as spool:
        node = Node(settings, spool, maker, told.append)
        try:
            yield Running(node, settings, told, maker)
        finally:
            node.stop()


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def send(
    port: int, *radiographs: Dataset, caller: str = "SENDER", called: str = "PNEUMOSCOPE"
) -> list[int | None]:
    """Sends radiographs over one association; the statuses are None where there is no answer."""
    ae = AE(caller)
    for ds in radiographs:
        ae.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    assoc = ae.associate("127.0.0.1", port, ae_title=called)
    assert assoc.is_established
    statuses = [assoc.send_c_store(ds).get("Status") for ds in radiographs]
    assoc.release()
    return statuses

"""Intake of objects into the spool, however they come. Clauses are those of DICOM PS3.4."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pydicom import Dataset

from pneumoscope.errors import ImageError, StorageError
from pneumoscope.imaging import Origin, Source
from pneumoscope.imaging.decode import decoding
from pneumoscope.imaging.dicom import check_header, read_header
from pneumoscope.imaging.header import texts
from pneumoscope.imaging.origin import origin_of_dicom
from pneumoscope.node.events import Ignored, NotStored, Observer, Received
from pneumoscope.node.spool import Spool

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
NO_MATCH = 0xA900
NOT_UNDERSTOOD = 0xC000


@dataclass(frozen=True)
class Offer:
    """An object that is offered to the node.

    Attributes:
        data: its DICOM file.
        caller: AE title that sends it, or the source that it was fetched from.
        sop_class: SOP Class UID that it is said to have.
        uid: SOP Instance UID that it is said to have.
        predicted: False if objects of its class are only taken as results that come back.
    """

    data: bytes
    caller: str
    sop_class: str
    uid: str
    predicted: bool = True


class Intake:
    """What takes objects into the spool, from several threads.

    Args:
        spool: spool to put them into.
        tell: function that is told events.
    """

    def __init__(self, spool: Spool, tell: Observer) -> None:
        self._spool, self._tell = spool, tell

    def take(self, offer: Offer) -> int:
        """Takes an object, and answers for it: it is on the disk when this returns success.

        A result of this program that comes back is answered by success, and dropped.

        Returns:
            A status of C-STORE (B.2.3): success, out of resources (0xA700), data set does not
            match SOP class (0xA900) or cannot understand (0xC000).
        """
        began = time.monotonic()
        try:
            ds = _read(offer)
            own = origin_of_dicom(ds) is Origin.OWN
            if not own:
                added = self._spool.add([offer.data], offer.caller)
        except (ImageError, StorageError) as error:
            status = _status(error)
            self._tell(NotStored(offer.caller, offer.sop_class, status, error.code))
            return status
        if own:
            self._tell(Ignored(offer.caller, offer.sop_class))
            return SUCCESS
        self._tell(
            Received(
                added.key,
                offer.caller,
                offer.sop_class,
                ds.file_meta.TransferSyntaxUID,
                added.size,
                time.monotonic() - began,
                added.repeated,
            )
        )
        return SUCCESS


def _read(offer: Offer) -> Dataset:
    """Reads the header of a radiograph, or of a result of this program.

    Raises:
        ImageError: if it is no single radiograph, or not what it is said to be.
    """
    source = Source("The object", offer.data)
    with decoding(source, "DICOM"):
        ds = read_header(source)
        if origin_of_dicom(ds) is Origin.OWN:
            return ds
        if not offer.predicted:
            raise ImageError(
                "The object is not of a class that is predicted",
                expected="a radiograph, or a result of this program that comes back",
                code="image-unsupported",
            )
        if texts(ds, "SOPClassUID") + texts(ds, "SOPInstanceUID") != [offer.sop_class, offer.uid]:
            raise ImageError(
                "The object is not what it was said to be",
                expected="SOP class and instance as announced",
                code="object-mismatched",
            )
        check_header(source, ds)
    return ds


def _status(error: ImageError | StorageError) -> int:
    if isinstance(error, StorageError):
        return OUT_OF_RESOURCES
    return NOT_UNDERSTOOD if error.code == "image-broken" else NO_MATCH

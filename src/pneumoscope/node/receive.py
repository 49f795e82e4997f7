"""Reception: associations, C-ECHO and C-STORE. Clauses are those of DICOM PS3.4 and PS3.8."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import cast

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.transport import AddressInformation

from pneumoscope.node import dimse
from pneumoscope.node.events import Broken, Observer, Refused
from pneumoscope.node.intake import NOT_UNDERSTOOD, Intake, Offer
from pneumoscope.node.settings import Settings

# Result, source and reason of A-ASSOCIATE-RJ (PS3.8 9.3.4).
_REJECTIONS = {
    "called-ae": (0x01, 0x01, 0x07),
    "caller": (0x01, 0x01, 0x03),
    "too-many": (0x02, 0x03, 0x02),
}
_SECONDS_TO_FINISH = 10.0

Reported = Callable[[Dataset], int]
"""Function that takes the event information of a storage commitment, and returns a status."""


class Receiver:
    """The node as SCP: it listens from its making on, and receives from `start` to `stop`.

    Args:
        settings: settings of the node.
        intake: what takes the objects.
        tell: function that is told events.
        reported: function that is told reports on storage commitment.

    Raises:
        SettingsError: if it cannot listen there, or the certificates cannot be loaded.
    """

    def __init__(
        self, settings: Settings, intake: Intake, tell: Observer, reported: Reported
    ) -> None:
        self._settings, self._intake, self._tell, self._reported = settings, intake, tell, reported
        self._predicted = set(dimse.radiograph_classes(settings))
        self._at_work = 0
        self._changed = Condition()
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_REQUESTED, self._check_request),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_EVENT_REPORT, self._report),
            (evt.EVT_ABORTED, self._note_abort),
        ]
        self._server = dimse.listen(settings, handlers)
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begins to receive."""
        self._thread.start()

    def stop(self) -> None:
        """Stops: the objects at hand are stored and answered, then associations are aborted."""
        self._server.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work, _SECONDS_TO_FINISH)
        for assoc in self._server.active_associations:
            assoc.abort()

    def _check_request(self, event: Event) -> None:
        assoc = event.assoc
        request = cast(A_ASSOCIATE, assoc.requestor.primitive)
        called, caller = request.called_ae_title.strip(), request.calling_ae_title.strip()
        host = cast(AddressInformation, assoc.requestor.address_info).address
        others = sum(each.is_established for each in self._server.active_associations)
        reason = find_refusal(self._settings, called, caller, host, others)
        if reason is not None:
            self._tell(Refused(caller, reason))
            assoc.acse.send_reject(*_REJECTIONS[reason])
            assoc.kill()

    def _store(self, event: Event) -> int:
        with self._working():
            request = cast(C_STORE, event.request)
            if request.DataSet is None:
                return NOT_UNDERSTOOD
            return self._intake.take(
                Offer(
                    event.encoded_dataset(),
                    _caller(event),
                    str(request.AffectedSOPClassUID),
                    str(request.AffectedSOPInstanceUID),
                    request.AffectedSOPClassUID in self._predicted,
                )
            )

    def _report(self, event: Event) -> tuple[int, None]:
        return self._reported(event.event_information), None

    def _note_abort(self, event: Event) -> None:
        if event.assoc.dimse.message is not None:
            self._tell(Broken(_caller(event)))

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._changed:
            self._at_work += 1
        try:
            yield
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()


def find_refusal(
    settings: Settings, called: str, caller: str, host: str, others: int
) -> str | None:
    """Finds the reason to refuse an association.

    Args:
        settings: settings of the node.
        called: called AE title.
        caller: calling AE title.
        host: address that the call comes from.
        others: number of associations that there are.

    Returns:
        The reason as of `events.Refused`; None if the association is accepted.
    """
    if called != settings.ae:
        return "called-ae"
    allowed = {caller, f"{caller}@{host}"}
    if settings.callers and allowed.isdisjoint(settings.callers):
        return "caller"
    return "too-many" if others >= settings.associations else None


def _caller(event: Event) -> str:
    return event.assoc.requestor.ae_title.strip()

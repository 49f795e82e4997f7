"""Storage commitment: destinations are asked to keep what they have (DICOM PS3.4 J)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Condition
from threading import Event as Flag

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt
from pynetdicom.events import Event

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import PeerError
from pneumoscope.node import dimse
from pneumoscope.node.deliver import end, find_delay
from pneumoscope.node.entry import Entry, Stage
from pneumoscope.node.events import Committed, Delayed, Observer, Rejected
from pneumoscope.node.peers import Peer
from pneumoscope.node.settings import Settings
from pneumoscope.node.spool import Spool

_AT_ONCE = 100
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_ON_THE_SAME_ASSOCIATION = 2.0
_SECONDS_TO_REPORT = 600.0  # after which the destination is asked again
_ACTION = 1  # PS3.4 J.3.2: request storage commitment
_SUCCESS, _INVALID = 0x0000, 0x0115
_STAGES = {"ReferencedSOPSequence": Stage.DONE, "FailedSOPSequence": Stage.REJECTED}


@dataclass(frozen=True)
class _Request:
    """A request for commitment.

    Attributes:
        destination: name of the destination.
        results: by SOP Instance UID, the key of the entry and the kind of each result.
        made: time of the request, of the monotonic clock.
    """

    destination: str
    results: Mapping[str, tuple[str, Kind]]
    made: float


class Ledger:
    """Requests for commitment of all destinations, and the reports on them.

    Args:
        spool: spool of the results.
        tell: function that is told events.
    """

    def __init__(self, spool: Spool, tell: Observer) -> None:
        self._spool, self._tell = spool, tell
        self._requests: dict[str, _Request] = {}
        self._reported: set[str] = set()
        self._changed = Condition()

    def enter(self, transaction: str, request: _Request) -> None:
        """Enters a request, and forgets those whose answer is overdue."""
        with self._changed:
            old = time.monotonic() - _SECONDS_TO_REPORT
            self._requests = {uid: one for uid, one in self._requests.items() if one.made > old}
            self._reported &= self._requests.keys()
            self._requests[transaction] = request

    def forget(self, transaction: str) -> None:
        """Forgets a request that could not be made."""
        with self._changed:
            self._requests.pop(transaction, None)

    def asked(self, destination: str) -> set[str]:
        """Collects the keys of the entries that a destination was asked about lately."""
        old = time.monotonic() - _SECONDS_TO_REPORT
        with self._changed:
            return {
                key
                for request in self._requests.values()
                if request.destination == destination and request.made > old
                for key, _ in request.results.values()
            }

    def wait(self, transaction: str, seconds: float) -> None:
        """Waits until a request is reported on, for some seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: transaction in self._reported, seconds)

    def report(self, information: Dataset) -> int:
        """Takes a report (J.3.3); one on a request that nobody made changes nothing.

        Args:
            information: event information.

        Returns:
            A status of N-EVENT-REPORT: success, or invalid argument value (0x0115).

        Raises:
            StorageError: if the spool cannot be written.
        """
        transaction = str(information.get("TransactionUID"))
        with self._changed:
            request = self._requests.get(transaction)
            if request is None:
                return _INVALID
            self._reported.add(transaction)
            self._changed.notify_all()
        moved: defaultdict[str, dict[Kind, Stage]] = defaultdict(dict)
        for keyword, stage in _STAGES.items():
            for item in information.get(keyword) or ():
                found = request.results.get(str(item.get("ReferencedSOPInstanceUID")))
                if found is not None:
                    key, kind = found
                    moved[key][kind] = stage
                    self._tell(_event(request.destination, key, kind, item, stage))
        for key, stages in moved.items():
            failure = "commitment-refused" if Stage.REJECTED in stages.values() else None
            end(self._spool, key, request.destination, stages, self._tell, failure)
        return _SUCCESS


class Committer:
    """What asks one destination for commitment, in a thread of its own, until it is stopped.

    Args:
        settings: settings of the node.
        peer: the destination.
        spool: spool of the results.
        ledger: where requests are entered.
        tell: function that is told events.
        stopping: flag that ends the work.
    """

    def __init__(
        self,
        settings: Settings,
        peer: Peer,
        spool: Spool,
        ledger: Ledger,
        tell: Observer,
        stopping: Flag,
    ) -> None:
        self._settings, self._peer, self._name = settings, peer, str(peer)
        self._spool, self._ledger, self._tell, self._stopping = spool, ledger, tell, stopping
        self._failures = 0

    def run(self) -> None:
        """Asks until it is stopped."""
        while not self._stopping.is_set():
            without = self._ledger.asked(self._name)
            due = self._spool.entries_at(self._name, Stage.SENT, _AT_ONCE, without)
            if not due:
                self._spool.wait(_SECONDS_BETWEEN_LOOKS)
                continue
            try:
                self._ask(due)
                self._failures = 0
            except PeerError as error:
                seconds = find_delay(self._failures)
                self._failures += 1
                self._tell(Delayed(self._name, error.code, self._failures, seconds))
                self._stopping.wait(seconds)

    def _ask(self, entries: list[Entry]) -> None:
        asked = {
            result.uid: (entry.key, result.kind)
            for entry in entries
            for result in entry.at(self._name, Stage.SENT)
        }
        wanted = Dataset()
        wanted.TransactionUID = transaction = generate_uid(None)
        wanted.ReferencedSOPSequence = [_reference(uid, kind) for uid, (_, kind) in asked.items()]
        self._ledger.enter(transaction, _Request(self._name, asked, time.monotonic()))
        try:
            self._send(wanted)
        except PeerError:
            self._ledger.forget(transaction)
            raise

    def _send(self, wanted: Dataset) -> None:
        # Many a destination reports at once, over the same association.
        handlers = [(evt.EVT_N_EVENT_REPORT, self._take_report)]
        with dimse.associate(self._settings, self._peer, [dimse.COMMITMENT], handlers) as assoc:
            try:
                answer, _ = assoc.send_n_action(
                    wanted, _ACTION, dimse.COMMITMENT, dimse.COMMITMENT_INSTANCE
                )
            except (RuntimeError, ValueError):  # it has ended, or was not negotiated
                answer = Dataset()
            if answer.get("Status") != _SUCCESS:
                raise dimse.unreachable(self._peer, "it takes no request for storage commitment")
            self._ledger.wait(wanted.TransactionUID, _SECONDS_ON_THE_SAME_ASSOCIATION)

    def _take_report(self, event: Event) -> tuple[int, None]:
        return self._ledger.report(event.event_information), None


def _reference(uid: str, kind: Kind) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = dimse.RESULTS[kind], uid
    return item


def _event(
    destination: str, key: str, kind: Kind, item: Dataset, stage: Stage
) -> Committed | Rejected:
    if stage is Stage.DONE:
        return Committed(key, destination, kind)
    status = int(item.get("FailureReason", 0))
    return Rejected(key, destination, kind, status, "commitment-refused", again=False)

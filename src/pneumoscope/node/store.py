"""The node as SCU: results sent by C-STORE. Clauses are those of DICOM PS3.4 and PS3.7."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread
from pynetdicom.association import Association

from pneumoscope.errors import PeerError
from pneumoscope.node import dimse
from pneumoscope.node.deliver import Answer
from pneumoscope.node.entry import StoredResult
from pneumoscope.node.peers import Peer
from pneumoscope.node.settings import Settings

# Success, the warnings of PS3.7 C besides 0xBxxx, and "duplicate SOP instance": it has it.
_HAS_IT = {0x0000, 0x0001, 0x0107, 0x0116, 0x0111}


@contextmanager
def connect(settings: Settings, peer: Peer) -> Iterator[StoreChannel]:
    """Opens an association with a peer that takes results.

    Args:
        settings: settings of the node.
        peer: the peer.

    Raises:
        PeerError: if it cannot be reached, or refuses the association.
    """
    with dimse.associate(settings, peer, dimse.RESULTS.values()) as assoc:
        yield StoreChannel(assoc, peer)


class StoreChannel:
    """An association over which results are sent.

    Args:
        assoc: the association.
        peer: its peer.
    """

    def __init__(self, assoc: Association, peer: Peer) -> None:
        self._assoc, self._peer = assoc, peer
        self._accepted = {context.abstract_syntax for context in assoc.accepted_contexts}

    def send(self, result: StoredResult, path: Path) -> Answer:
        """Sends a result, in the first transfer syntax that the peer has accepted.

        Raises:
            PeerError: if the association ends, or the peer has no room (0xA7xx).
        """
        if dimse.RESULTS[result.kind] not in self._accepted:
            return Answer(None, "result-not-negotiated")
        try:
            status = self._assoc.send_c_store(dcmread(path)).get("Status")
        except RuntimeError:  # the association has ended
            status = None
        if status is None:
            raise dimse.unreachable(self._peer, "it has ended the association")
        return _judge(int(status), self._peer)


def _judge(status: int, peer: Peer) -> Answer:
    """Judges a status of C-STORE (PS3.4 B.2.3, PS3.7 C)."""
    if status in _HAS_IT or status >> 12 == 0xB:
        return Answer(status)
    if status >> 8 == 0xA7:
        raise PeerError(
            f"{peer} has no room",
            received=f"status 0x{status:04X}",
            remedy="Free some space there",
            code="peer-full",
            values={"peer": str(peer)},
        )
    return Answer(status, "result-refused")

"""Renews the tables of docs/conformance.md: what a node negotiates, when it is asked for all.

A node listens on the loopback, and is offered every SOP class and transfer syntax that pynetdicom
and pydicom know; then it calls a peer that accepts everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

from pydicom.uid import UID, AllTransferSyntaxes, PrivateTransferSyntaxes
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.association import Association
from pynetdicom.presentation import (
    QueryRetrievePresentationContexts,
    StorageCommitmentPresentationContexts,
    VerificationPresentationContexts,
)

from pneumoscope.node import dimse
from pneumoscope.node.peers import Peer
from pneumoscope.node.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"

_HOST, _PEER = "127.0.0.1", "PEER"
_MOST = 128  # presentation contexts that one association can propose, PS3.8 9.3.2.2
_SYNTAXES = [syntax for syntax in AllTransferSyntaxes if syntax not in PrivateTransferSyntaxes]
_CLASSES = [
    UID(str(context.abstract_syntax))
    for contexts in (
        VerificationPresentationContexts,
        AllStoragePresentationContexts,
        QueryRetrievePresentationContexts,
        StorageCommitmentPresentationContexts,
    )
    for context in contexts
]
_Offer = tuple[UID, list[UID]]
_SETTINGS = Settings(port=0, to=(f"{_PEER}@{_HOST}:1",), commit=(_PEER,), captures=True)


def render(page: str) -> str:
    """Renews the tables of the page, each between two comments that name it."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{make()}\n\n{end}{rest.partition(end)[2]}"
    return page


def find_accepted(settings: Settings) -> dict[UID, list[UID]]:
    """Finds the transfer syntaxes in which a node accepts objects, by SOP class."""
    found: dict[UID, list[UID]] = defaultdict(list)
    with _listening(settings) as port:
        classes = _ask(port, [(each, _SYNTAXES) for each in _CLASSES])
        offers = [(each, [syntax]) for each, _ in classes for syntax in _SYNTAXES]
        for sop_class, syntax in _ask(port, offers):
            found[sop_class].append(syntax)
    return found


def find_proposed() -> dict[UID, list[UID]]:
    """Finds what a node proposes to a destination: transfer syntaxes by SOP class."""
    called: list[Association] = []
    ae = AE(_PEER)
    ae.supported_contexts = AllStoragePresentationContexts
    for sop_class in (dimse.COMMITMENT, dimse.VERIFICATION):
        ae.add_supported_context(sop_class)
    handlers: list[evt.EventHandlerType] = [
        (evt.EVT_REQUESTED, lambda event: called.append(event.assoc))
    ]
    server = ae.start_server((_HOST, 0), block=False, evt_handlers=handlers)
    try:
        peer = Peer(_PEER, _HOST, server.server_address[1])
        for classes in (dimse.RESULTS.values(), [dimse.COMMITMENT], [dimse.VERIFICATION]):
            with dimse.associate(_SETTINGS, peer, classes):
                pass
    finally:
        server.shutdown()
    contexts = [context for assoc in called for context in assoc.requestor.requested_contexts]
    return {UID(str(each.abstract_syntax)): each.transfer_syntax for each in contexts}


def _make_services() -> str:
    plain, ours = find_accepted(_without_captures()), {*dimse.RESULTS.values()}
    taken = dict.fromkeys(plain, "yes") | dict.fromkeys(ours, "only our own, dropped")
    taken |= dict.fromkeys(dimse.CAPTURES, "by choice")
    taken[dimse.COMMITMENT] = "no"
    given = find_proposed()
    rows = [
        [each.name, f"`{each}`", "yes" if each in given else "no", taken[each]]
        for each in sorted(taken)
    ]
    return _table(["SOP class", "UID", "SCU", "SCP"], rows)


def _make_accepted() -> str:
    return _by_syntaxes(find_accepted(_SETTINGS), sorted)


def _make_proposed() -> str:
    return _by_syntaxes(find_proposed(), list)


def _make_limits() -> str:
    with _listening(_SETTINGS) as port, _called(port, [(dimse.VERIFICATION, _SYNTAXES)]) as assoc:
        user = assoc.acceptor
    rows = [
        [
            "Maximum PDU length that is announced",
            f"{user.maximum_length or '0, which is no limit'}",
        ],
        ["Implementation Class UID", f"`{user.implementation_class_uid}`"],
        ["Implementation Version Name", f"`{user.implementation_version_name}`"],
        ["Associations at a time", f"{_SETTINGS.associations} (`associations`)"],
        ["Timeouts of ACSE, DIMSE and the network", f"{_SETTINGS.timeout:.0f} s (`timeout`)"],
        ["Asynchronous operations", "not negotiated: one at a time"],
        ["User identity, extended negotiation", "not negotiated"],
    ]
    return _table(["parameter", "value"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "services": _make_services,
    "accepted": _make_accepted,
    "proposed": _make_proposed,
    "limits": _make_limits,
}
"""Tables of the page: what makes each, by the name that its comment has."""


def _without_captures() -> Settings:
    return replace(_SETTINGS, captures=False)


def _by_syntaxes(found: dict[UID, list[UID]], order: Callable[[Iterable[UID]], list[UID]]) -> str:
    """Makes a table with a row for SOP classes that share their transfer syntaxes."""
    grouped = defaultdict(list)
    for sop_class in sorted(found):
        grouped[tuple(order(found[sop_class]))].append(sop_class.name)
    rows = [
        ["<br>".join(classes), "<br>".join(f"{each.name} `{each}`" for each in syntaxes)]
        for syntaxes, classes in grouped.items()
    ]
    return _table(["SOP classes", "transfer syntaxes"], rows)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@contextmanager
def _listening(settings: Settings) -> Iterator[int]:
    server = dimse.listen(settings, [])
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()


def _ask(port: int, offers: list[_Offer]) -> list[tuple[UID, UID]]:
    """Offers presentation contexts to a node, and returns those that it accepts."""
    accepted: list[tuple[UID, UID]] = []
    for first in range(0, len(offers), _MOST):
        with _called(port, offers[first : first + _MOST]) as assoc:
            accepted += [
                (UID(str(each.abstract_syntax)), UID(str(each.transfer_syntax[0])))
                for each in assoc.accepted_contexts
            ]
    return accepted


@contextmanager
def _called(port: int, offers: list[_Offer]) -> Iterator[Association]:
    ae = AE(_PEER)
    for sop_class, syntaxes in offers:
        ae.add_requested_context(sop_class, syntaxes)
    # Who reports on storage commitment calls the node, and stays the SCP of it.
    roles = [build_role(dimse.COMMITMENT, scu_role=True, scp_role=True)]
    assoc = ae.associate(_HOST, port, ae_title=_SETTINGS.ae, ext_neg=roles)
    try:
        yield assoc
    finally:
        assoc.release()


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

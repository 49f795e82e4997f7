"""Checks of the settings against this machine and its peers, before a node is started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from pneumoscope.claims import claimed
from pneumoscope.dicomweb.archive import Archive
from pneumoscope.errors import PeerError, PneumoscopeError
from pneumoscope.node import dimse
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.maker import Maker
from pneumoscope.node.peers import Peer
from pneumoscope.node.settings import SENDER, Settings
from pneumoscope.node.silence import silenced


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes:
        what: what was checked.
        text: what was found.
        code: code of the error; None if all is well.
        exit_code: exit code of the error; 0 if all is well.
    """

    what: str
    text: str
    code: str | None = None
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Converts the check to plain JSON types."""
        return asdict(self)


def check(settings: Settings) -> Iterator[Check]:
    """Checks settings: the spool, the model, the port, the certificates and each destination.

    Args:
        settings: settings of the node.

    Yields:
        The result of each check, as soon as it is there.
    """
    peers = [
        settings.find_peer(name) for name in settings.to if name not in (SENDER, settings.archive)
    ]
    steps: list[tuple[str, Callable[[], str]]] = [
        ("spool", partial(_check_spool, settings)),
        ("model", partial(_check_model, settings)),
        ("port", partial(_check_port, settings)),
        *((str(peer), partial(_check_peer, settings, peer)) for peer in dict.fromkeys(peers)),
    ]
    if settings.dicomweb is not None:
        steps.append((settings.dicomweb.url, partial(_check_archive, settings.dicomweb, settings)))
    for what, step in steps:
        try:
            with silenced(lambda _: None):
                text = step()
        except PneumoscopeError as error:
            yield Check(what, str(error), error.code, error.exit_code)
        else:
            yield Check(what, text)


def _check_spool(settings: Settings) -> str:
    with claimed(settings.spool):
        return f"{settings.spool} can be written"


def _check_model(settings: Settings) -> str:
    Maker(settings).close()
    return f"{settings.model or 'the default model'} can be loaded"


def _check_port(settings: Settings) -> str:
    dimse.listen(settings, []).server_close()
    over = "" if settings.tls is None else " over TLS"
    callers = ", ".join(settings.callers) or "anybody"
    return f"{settings.ae} can listen on {settings.host}:{settings.port}{over} for {callers}"


def _check_archive(address: DicomWeb, settings: Settings) -> str:
    with Archive(address, settings.timeout) as archive:
        archive.check()
    return "it answers"


def _check_peer(settings: Settings, peer: Peer) -> str:
    kinds = {kind: dimse.RESULTS[kind] for kind in settings.kinds}
    wanted = [dimse.VERIFICATION, *kinds.values()]
    if peer.ae in settings.commit:
        wanted.append(dimse.COMMITMENT)
    with dimse.associate(settings, peer, wanted) as assoc:
        taken = {context.abstract_syntax for context in assoc.accepted_contexts}
        if dimse.VERIFICATION in taken and assoc.send_c_echo().get("Status") != 0x0000:
            raise dimse.unreachable(peer, "it does not answer C-ECHO")
    missing = [kind.value for kind, sop_class in kinds.items() if sop_class not in taken]
    if peer.ae in settings.commit and dimse.COMMITMENT not in taken:
        missing.append("storage commitment")
    if missing:
        raise PeerError(
            f"{peer} does not take all that it is to be sent",
            received=f"no {', '.join(missing)}",
            remedy="Leave these kinds out, or change the settings there",
            code="peer-takes-less",
            values={"peer": str(peer)},
        )
    return f"it answers, and takes {', '.join(kinds)}"

"""The one door to pynetdicom, with timeouts, and limits on what a peer may send."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseServer
from typing import Any, cast

from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ParametricMapStorage,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.imaging.dicom import TRANSFER_SYNTAXES
from pneumoscope.imaging.source import LIMITS
from pneumoscope.node.peers import Peer
from pneumoscope.node.settings import Settings
from pneumoscope.node.tls import client_context, server_context

VERIFICATION = UID("1.2.840.10008.1.1")
COMMITMENT = UID("1.2.840.10008.1.20.1")
COMMITMENT_INSTANCE = UID("1.2.840.10008.1.20.1.1")
RADIOGRAPHS = (ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation)
"""SOP classes of radiographs that are received."""
CAPTURES = (SecondaryCaptureImageStorage,)
"""SOP classes that are received by choice: of scanned films, and of much else."""
RESULTS = {
    Kind.REPORT: ComprehensiveSRStorage,
    Kind.MAP: ParametricMapStorage,
    Kind.CAPTURE: SecondaryCaptureImageStorage,
}
"""SOP class of each kind of result."""
RESULT_SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
"""Transfer syntaxes that results are offered in, the better one first."""

_config.LOG_HANDLER_LEVEL = "none"  # nobody reads it, and it takes time


def _shut(self: AssociationSocket) -> None:
    """Closes a socket, also one that was never connected, which pynetdicom 3.0 leaves open."""
    if self.socket is not None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


AssociationSocket._shutdown_socket = _shut  # type: ignore[method-assign]

_MOST_BYTES = LIMITS.file_bytes
_MOST_BYTES_OF_A_STRANGER = 2**20
_LEAST_BYTES_A_SECOND = 10_000
_UNNEGOTIATED = 50
_RECEIPT: int | None = getattr(socket, "TCP_QUICKACK", None)  # of Linux: receipts at once


def make_entity(settings: Settings) -> AE:
    """Makes the application entity of the node, with its timeouts."""
    ae = AE(settings.ae)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = settings.timeout
    ae.connection_timeout = settings.timeout
    ae.maximum_pdu_size = 0  # no limit but ours: the fewer PDUs, the less work
    return ae


def radiograph_classes(settings: Settings) -> tuple[UID, ...]:
    """Lists the SOP classes whose objects are predicted; of others, only results come back."""
    return (*RADIOGRAPHS, *(CAPTURES if settings.captures else ()))


def make_receiver(settings: Settings) -> AE:
    """Makes the application entity with all that it accepts as SCP."""
    ae = make_entity(settings)
    ae.maximum_associations = settings.associations + _UNNEGOTIATED  # the node counts them itself
    radiographs = radiograph_classes(settings)
    for sop_class in radiographs:
        ae.add_supported_context(sop_class, sorted(TRANSFER_SYNTAXES))
    for sop_class in set(RESULTS.values()) - set(radiographs):  # an archive may send all it has
        ae.add_supported_context(sop_class, list(RESULT_SYNTAXES))
    ae.add_supported_context(VERIFICATION)
    if settings.commit:
        # The destination calls back as SCP of the commitment, and we stay its SCU (PS3.4 J.3.3).
        ae.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
    return ae


def listen(settings: Settings, handlers: list[evt.EventHandlerType]) -> Server:
    """Makes a server of associations, which listens already.

    Args:
        settings: settings of the node.
        handlers: handlers of pynetdicom's events.

    Raises:
        SettingsError: if it cannot listen there, or the certificates cannot be loaded.
    """
    context = None if settings.tls is None else server_context(settings.tls)
    try:
        made = make_receiver(settings).make_server(
            (settings.host, settings.port),
            ssl_context=context,
            evt_handlers=handlers,
            server_class=Server,
            request_handler=Handler,
        )
    except OSError as error:
        raise SettingsError(
            f"The node cannot listen on {settings.host}:{settings.port}",
            received=(error.strerror or str(error)).lower(),
            remedy="Choose another `port` or `host`",
            code="port-taken",
        ) from error
    return cast(Server, made)


class Server(ThreadedAssociationServer):
    """A server of associations that no silent, slow or boundless peer holds up."""

    daemon_threads = True
    request_queue_size = 64

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accepts a connection; the handshake of TLS is left to the thread of its own."""
        client, address = cast(socket.socket, self.socket).accept()
        client.settimeout(self.ae.network_timeout)
        if self.ssl_context:
            client = self.ssl_context.wrap_socket(
                client, server_side=True, do_handshake_on_connect=False
            )
        return client, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Drops connections beyond a number that no honest peers need."""
        return len(self.active_associations) < self.ae.maximum_associations

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves one connection."""
        try:
            if isinstance(request, ssl.SSLSocket):
                request.do_handshake()
        except OSError:
            self.shutdown_request(request)
            return
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a peer that breaks a connection is no error of the node."""

    def shutdown(self) -> None:
        """Stops listening; associations go on."""
        BaseServer.shutdown(self)
        self.server_close()


class Handler(RequestHandler):
    """Makes the association of a connection, with the limits of `_Socket`."""

    def _create_association(self) -> Association:
        assoc = super()._create_association()
        limit_socket(assoc)
        return assoc


class _Socket(AssociationSocket):
    """A socket that reads in large pieces, and neither endlessly nor without bound."""

    def recv(self, nr_bytes: int) -> bytearray:
        """Reads so many bytes; fewer if the connection ends before.

        Raises:
            OSError: if a limit is exceeded; this ends the association.
        """
        message = self.assoc.dimse.message
        before = message.data_set.tell() if message and message.data_set else 0
        most = _MOST_BYTES if self.assoc.is_established else _MOST_BYTES_OF_A_STRANGER
        if nr_bytes + before > most or self.socket is None:
            raise OSError("too much")
        # DCMTK writes head and body of a PDU apart, and keeps the body until the head's receipt.
        if _RECEIPT is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, _RECEIPT, 1)
        buffer = bytearray(nr_bytes)
        view = memoryview(buffer)
        timeout = self.assoc.network_timeout or 0
        deadline = time.monotonic() + timeout + nr_bytes / _LEAST_BYTES_A_SECOND
        done = 0
        while done < nr_bytes:
            got = self.socket.recv_into(view[done:])
            done += got
            if not got or time.monotonic() > deadline:
                view.release()
                del buffer[done:]
                break
        return buffer


def limit_socket(assoc: Association) -> None:
    """Puts limits on what the peer of an association may send."""
    if assoc.dul.socket is not None:  # which is made deep inside of pynetdicom, and at work
        assoc.dul.socket.__class__ = _Socket


@contextmanager
def associate(
    settings: Settings,
    peer: Peer,
    sop_classes: Iterable[str],
    handlers: Iterable[evt.EventHandlerType] = (),
) -> Iterator[Association]:
    """Opens an association with a peer, and releases it in the end.

    Args:
        settings: settings of the node.
        peer: the peer.
        sop_classes: SOP classes to propose, as SCU.
        handlers: handlers of pynetdicom's events.

    Raises:
        PeerError: if the peer cannot be reached, or refuses the association.
    """
    ae = make_entity(settings)
    for sop_class in sop_classes:
        ae.add_requested_context(sop_class, list(RESULT_SYNTAXES))
    tls = settings.tls
    over_tls = tls is not None and peer.ae in tls.destinations
    try:
        assoc = ae.associate(
            peer.host,
            peer.port,
            ae_title=peer.ae,
            evt_handlers=[(evt.EVT_CONN_OPEN, time_out), *handlers],
            tls_args=(client_context(tls), peer.host) if tls and over_tls else None,
        )
    except OSError as error:  # a name that cannot be resolved
        raise unreachable(peer, (error.strerror or str(error)).lower()) from error
    if not assoc.is_established:
        said = "it refuses the association" if assoc.is_rejected else "nobody answers as it should"
        raise unreachable(peer, said)
    try:
        yield assoc
    finally:
        assoc.release()


def unreachable(peer: Peer, why: str) -> PeerError:
    """Makes the error of a peer that cannot be reached."""
    return PeerError(
        f"{peer} cannot be reached",
        received=why,
        remedy="Check its AE title, host and port, and that it knows this node",
        values={"peer": str(peer)},
    )


def time_out(event: Event) -> None:
    """Handles the opening of a connection to a peer: it may not be silent for ever."""
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.settimeout(event.assoc.network_timeout)
        # A message is two PDUs at least, and the second would wait 40 ms for the first's receipt.
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    limit_socket(event.assoc)

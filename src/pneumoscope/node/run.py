"""The node as a whole: one receiver, one worker, and a deliverer for each destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event as Flag
from threading import Thread

from pneumoscope.dicomweb.access import is_address
from pneumoscope.errors import PneumoscopeError, StorageError
from pneumoscope.monitor import DriftReport, Monitor
from pneumoscope.monitor.basis import Basis
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.commit import Committer, Ledger
from pneumoscope.node.deliver import Connect, Deliverer
from pneumoscope.node.events import Drift, DriftUnknown, Observer
from pneumoscope.node.intake import Intake
from pneumoscope.node.maker import Maker
from pneumoscope.node.peers import parse_peer
from pneumoscope.node.poll import poll_archive
from pneumoscope.node.receive import Receiver
from pneumoscope.node.settings import Settings
from pneumoscope.node.silence import silenced
from pneumoscope.node.spool import Spool, open_spool
from pneumoscope.node.store import connect
from pneumoscope.node.stow import open_stow
from pneumoscope.node.work import Count, Makes, Worker
from pneumoscope.shipped import read_model

_SECONDS_BETWEEN_LOOKS = 0.5


class Node:
    """A node at work, from its making until `stop`.

    Args:
        settings: settings of the node.
        spool: its spool.
        maker: what makes results.
        tell: function that is told events.
        count: function that counts what is made, for drift.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        maker: Makes,
        tell: Observer,
        count: Count = lambda _: None,
    ) -> None:
        self._settings, self._spool, self._tell = settings, spool, tell
        self._stopping = Flag()
        self._failure: PneumoscopeError | None = None
        self._delivering: set[str] = set()
        self.intake = Intake(spool, tell)
        self._ledger = Ledger(spool, tell)
        self._receiver = Receiver(settings, self.intake, tell, self._ledger.report)
        worker = Worker(settings, spool, maker, tell, count, self._stopping)
        self._threads: list[Thread] = []
        for work in (worker.run, self._deliver, *self._polling()):
            self._start(work)
        self._receiver.start()

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return self._receiver.port

    def stop(self) -> None:
        """Stops: what is at hand is finished, and the rest is kept for the next start."""
        self._receiver.stop()
        self._stopping.set()
        self._spool.wake()
        while self._threads:  # the one that starts deliverers may start one more
            self._threads.pop(0).join()

    def wait(self) -> None:
        """Waits until the node is asked to stop.

        Raises:
            PneumoscopeError: if a part of it has failed.
        """
        self._stopping.wait()
        if self._failure is not None:
            raise self._failure

    def ask_to_stop(self) -> None:
        """Asks the node to stop, also from the handler of a signal."""
        self._stopping.set()

    def _start(self, work: Callable[[], None]) -> None:
        thread = Thread(target=self._watched, args=(work,))
        self._threads.append(thread)
        thread.start()

    def _watched(self, work: Callable[[], None]) -> None:
        """Runs a part of the node; should it fail, the node stops rather than go on without it."""
        try:
            work()
        except PneumoscopeError as error:
            self._failure = error
        except BaseException:  # whose text may quote a header
            self._failure = PneumoscopeError(
                "A part of the node has failed",
                remedy="Report what the log says of it, and start the node again",
                code="node-failed",
            )
            raise
        finally:
            self._stopping.set()

    def _polling(self) -> Iterator[Callable[[], None]]:
        """Yields what polls the archive by DICOMweb, if there is one."""
        if self._settings.dicomweb is not None:
            told = self.intake.take, self._tell, self._stopping
            yield partial(poll_archive, self._settings, self._settings.dicomweb, *told)

    def _deliver(self) -> None:
        """Starts a deliverer for each destination that results wait for, now or from before."""
        while not self._stopping.is_set():
            for name in self._spool.destinations() - self._delivering:
                self._delivering.add(name)
                self._serve(name)
            with suppress(StorageError):  # of which the worker tells
                self._spool.look()
            self._spool.wait(_SECONDS_BETWEEN_LOOKS)

    def _serve(self, name: str) -> None:
        """Starts what a destination needs."""
        common = self._tell, self._stopping
        way, commits = find_way(name, self._settings), False
        if not is_address(name):
            peer = parse_peer(name)
            commits = peer.ae in self._settings.commit
            # Also where it is no longer asked for, if some results still wait for it.
            self._start(Committer(self._settings, peer, self._spool, self._ledger, *common).run)
        self._start(Deliverer(name, way, self._spool, *common, commits=commits).run)


def find_way(destination: str, settings: Settings) -> Connect:
    """Finds the way to a destination by its name, which may be of another start of the node."""
    if is_address(destination):
        archive = settings.dicomweb
        if archive is None or archive.url != destination:
            archive = DicomWeb(destination, token="", user="", password="")
        return partial(open_stow, archive, settings.timeout)
    return partial(connect, settings, parse_peer(destination))


@contextmanager
def running(settings: Settings, tell: Observer) -> Iterator[Node]:
    """Runs a node during the block, and then stops it.

    Args:
        settings: settings of the node.
        tell: function that is told events, from any thread.

    Raises:
        PneumoscopeError: if the spool, the model, the port, the certificates or the counters cannot
            be used.
    """
    with silenced(tell), open_spool(settings.spool) as spool:
        maker = Maker(settings)
        try:
            with _monitoring(settings, tell) as monitor:
                node = Node(settings, spool, maker, tell, monitor.count)
                try:
                    yield node
                finally:
                    node.stop()
        finally:
            maker.close()


def _monitoring(settings: Settings, tell: Observer) -> Monitor:
    """Makes the monitor of a node, which tells events of each look."""

    def looked(found: DriftReport | PneumoscopeError, new: bool) -> None:
        if isinstance(found, DriftReport):
            psi = {name: shift.psi for name, shift in found.drift.shifts.items() if shift}
            alarm = found.alarm
            tell(Drift(alarm.on, alarm.quantities, psi, found.counts.images, new))
        elif new:
            tell(DriftUnknown(found.code))

    return Monitor(Basis.of(read_model(settings.model)), settings.drift, looked)

"""Settings of the node, and what they make of a caller or a destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import SettingsError, out_of_range, unknown_choice
from pneumoscope.folders import locate_state
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.peers import Peer, check_title, parse_peer
from pneumoscope.node.tls import Tls

SENDER = "sender"
"""Destination that stands for the peer that has sent the radiograph."""


def default_spool() -> Path:
    """Returns the folder of the spool of this user.

    Raises:
        StorageError: if this user has no home folder.
    """
    return locate_state() / "node"


@dataclass(frozen=True)
class Settings:
    """Settings of the node; each is a key of its TOML file.

    Attributes:
        ae: AE title of the node.
        host: address to listen on; 0.0.0.0 for all of this machine.
        port: port to listen on.
        to: destinations of results: `AE@host:port`, the AE title of a peer, `sender`, or the
            address of the archive that is polled; by default this one.
        peers: address book, `host:port` by AE title.
        kinds: kinds of results to return.
        callers: AE titles that may call, each with the only host that it may call from if it is
            written as `AE@host`; empty if anybody may.
        captures: True to take Secondary Captures too, which may be scanned films.
        associations: greatest number of associations at a time.
        commit: AE titles of the destinations that are asked for storage commitment.
        timeout: time after which a silent peer is given up, in seconds.
        spool: folder for what was received and is not yet returned.
        model: model to predict with, as `pneumoscope.load` takes it; None for the default.
        operating_point: operating point that makes the labels; None for the model's first.
        policy: TOML file with the action of each rule; None for the default.
        drift: folder of the counters of radiographs, which other nodes may share; None to keep them
            in memory.
        log: file that a line is appended to for each object; None for the standard error.
        metrics_port: port of this machine on which metrics are served; None for none.
        tls: transport layer security; None for none.
        dicomweb: archive that is polled by DICOMweb; None for none.
    """

    ae: str = "PNEUMOSCOPE"
    host: str = "127.0.0.1"
    port: int = 11112
    to: tuple[str, ...] = ()
    peers: Mapping[str, str] = field(default_factory=dict, hash=False)
    kinds: tuple[Kind, ...] = tuple(Kind)
    callers: tuple[str, ...] = ()
    captures: bool = False
    associations: int = 10
    commit: tuple[str, ...] = ()
    timeout: float = 30.0
    spool: Path = field(default_factory=default_spool)
    model: str | None = None
    operating_point: str | None = None
    policy: Path | None = None
    drift: Path | None = None
    log: Path | None = None
    metrics_port: int | None = None
    tls: Tls | None = None
    dicomweb: DicomWeb | None = None

    def __post_init__(self) -> None:
        check_title(self.ae)
        object.__setattr__(self, "kinds", tuple(map(find_kind, self.kinds)))
        for caller in self.callers:
            check_title(caller.partition("@")[0])
        for setting, received, most in (
            ("port", self.port, 65535),
            ("metrics_port", self.metrics_port or 0, 65535),
            ("associations", self.associations, 1000),
            ("timeout", self.timeout, 3600),
        ):
            # Port 0 is any free one.
            if not (0 if setting.endswith("port") else 1) <= received <= most:
                raise out_of_range(setting, received, f"1 to {most}")
        if not self.to and self.dicomweb is None:
            raise SettingsError(
                "The node has nowhere to send results to",
                expected="`to`, such as ORTHANC@127.0.0.1:4242",
            )
        for destination in self.to:
            if destination not in (SENDER, self.archive):
                self.find_peer(destination)
        for ae in self.peers:
            self.find_peer(ae)
        for setting, titles in (("commit", self.commit), ("tls", self.tls_destinations)):
            self._check_destinations(setting, titles)

    @property
    def tls_destinations(self) -> tuple[str, ...]:
        """AE titles of the destinations that are reached over TLS."""
        return () if self.tls is None else self.tls.destinations

    def _check_destinations(self, setting: str, titles: Iterable[str]) -> None:
        """Refuses AE titles that are of no destination: results would go without what they ask."""
        named = [one for one in self.to if one not in (SENDER, self.archive)]
        known = dict.fromkeys([*(self.find_peer(one).ae for one in named), *self.peers])
        for title in titles:
            if title not in known:
                raise unknown_choice(
                    f"`{setting}` names a destination that there is not",
                    title,
                    list(known),
                    setting=setting,
                )

    @property
    def archive(self) -> str | None:
        """Address of the archive that is polled, which is a destination, too; None for none."""
        return None if self.dicomweb is None else self.dicomweb.url

    def find_peer(self, destination: str) -> Peer:
        """Finds the address of a destination: its own, or that in the address book.

        Raises:
            SettingsError: if it is malformed, or is not in the address book.
        """
        if destination in self.peers:
            return parse_peer(f"{check_title(destination)}@{self.peers[destination]}")
        if "@" in destination:
            return parse_peer(destination)
        raise unknown_choice(
            f"The address of {destination} is not known",
            destination,
            [*self.peers, SENDER],
            setting="peers",
            remedy="Write it as AE@host:port, or add it to `peers` in the settings file",
        )

    def route(self, caller: str) -> tuple[str, ...]:
        """Lists the names of the destinations of the results of a radiograph, each once.

        Args:
            caller: AE title that has sent it, or address of the archive that it was fetched from.

        Raises:
            SettingsError: if results go back to the sender, whose address is not known.
        """
        to = self.to or (str(self.archive),)
        return tuple(dict.fromkeys(self._name(one, caller) for one in to))

    def _name(self, destination: str, caller: str) -> str:
        if destination == SENDER:
            # A caller may choose its title, and so must not choose an address by it.
            destination = caller
            if caller != self.archive and caller not in self.peers:
                raise unknown_choice(
                    f"The address of {caller} is not known",
                    caller,
                    list(self.peers),
                    setting="peers",
                    remedy="Add it to `peers` in the settings file",
                )
        return destination if destination == self.archive else str(self.find_peer(destination))


def find_kind(name: str) -> Kind:
    """Finds a kind of result by its name.

    Raises:
        SettingsError: if there is none of this name.
    """
    known = [kind.value for kind in Kind]
    if name not in known:
        raise unknown_choice(f"There is no kind of result {name}", name, known, setting="kinds")
    return Kind(name)

"""Where a training runs: on which devices, and in which of several processes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pneumoscope.errors import SettingsError, out_of_range


@dataclass(frozen=True)
class Placement:
    """The devices and processes of a training, which change its time and not its result.

    Attributes:
        devices: number of devices of this process; None for all that it can use.
        hosts: addresses of all processes, `host:port` each, in the order of their ranks; empty
            where this process trains alone.
        rank: number of this process among them, from 0.
        device: the one device to train on, such as "cpu", "gpu" or "gpu:1"; empty for the one that
            the backend takes by itself.

    Raises:
        SettingsError: on construction, if a value is out of range, an address is invalid or given
            twice, or one device is named for several.
    """

    devices: int | None = 1
    hosts: tuple[str, ...] = ()
    rank: int = 0
    device: str = ""

    def __post_init__(self) -> None:
        if self.device and not self.is_plain:
            raise SettingsError(
                "`device` names the device of a training on one",
                received=self.device,
                remedy="Leave out `device`, or else `devices` and `hosts`",
            )
        if self.devices is not None and self.devices < 1:
            raise out_of_range("devices", self.devices, "1 or more")
        if len(self.hosts) == 1:
            raise SettingsError(
                "`hosts` are two or more processes", received=self.hosts[0], remedy="Leave it out"
            )
        for host in self.hosts:
            split_address(host)
        twice = [host for host, times in Counter(self.hosts).items() if times > 1]
        if twice:
            raise SettingsError(
                f"`hosts` has {twice[0]} twice",
                remedy="Give each process on a computer a port of its own",
            )
        last = max(len(self.hosts) - 1, 0)
        if not 0 <= self.rank <= last:
            raise out_of_range("rank", self.rank, f"0 to {last}, a number for each of `hosts`")

    @property
    def is_alone(self) -> bool:
        """Whether this process trains by itself."""
        return not self.hosts

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to distribute: one process, and one device."""
        return self.is_alone and self.devices == 1


def split_address(address: str) -> tuple[str, int]:
    """Splits `host:port`, the host perhaps in brackets, as an IPv6 address is.

    Raises:
        SettingsError: if it is not that.
    """
    host, _, port = address.rpartition(":")
    name = host.removeprefix("[").removesuffix("]")
    if not name or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise SettingsError(
            "This is no address of a process",
            expected="host:port, such as node1:7000",
            received=address,
        )
    return name, int(port)

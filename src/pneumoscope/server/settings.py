"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from pneumoscope.errors import SettingsError, out_of_range
from pneumoscope.server.token import check_token


@dataclass(frozen=True)
class Settings:
    """Settings of the service.

    Attributes:
        model: path or name of the model; None for the default model.
        operating_point: name of the threshold that makes labels where a request names none; None
            for the bundle's first.
        policy: path of a TOML file with the action of each rule; None for the one that ships.
        host: address to listen on.
        port: port to listen on; 0 for any that is free.
        host_names: host names under which a proxy on this machine passes requests on.
        token: what a client must show as `Authorization: Bearer TOKEN`; None if nothing. Needed
            where other machines reach the service: beyond loopback, or by a proxy.
        waiting: greatest number of requests that are in work or wait for it.
        most_bytes: greatest size of an image file, and of all pictures in an answer, in bytes.
        most_parts: greatest number of files in a request.
        most_memory: greatest size of all files in flight, in bytes; never less than that of one.
        patience: time after which a client that sends nothing, or takes nothing, is given up, in
            seconds.
        rate: greatest number of requests of one client a second; None for any.
        drift: folder of the counters of images, which other services may share; None to keep them
            in memory.
        threads: number of CPU threads; None for one for each core that may be used.
    """

    model: str | None = None
    operating_point: str | None = None
    policy: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8600
    host_names: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    waiting: int = 64
    most_bytes: int = 64 * 2**20
    most_parts: int = 1000
    most_memory: int = 512 * 2**20
    patience: float = 10.0
    rate: float | None = None
    drift: Path | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        names = tuple(name.lower() for name in self.host_names)
        object.__setattr__(self, "host_names", names)
        for setting, received, least, most in (
            ("port", self.port, 0, 65535),
            ("waiting", self.waiting, 1, 10_000),
            ("most_bytes", self.most_bytes, 1, 2**30),
            ("most_parts", self.most_parts, 1, 100_000),
            ("most_memory", self.most_memory, 1, 2**40),
            ("patience", self.patience, 0.01, 3600),
            ("rate", 1.0 if self.rate is None else self.rate, 0.001, 1e6),
        ):
            if not least <= received <= most:
                raise out_of_range(setting, received, f"{least:,} to {most:,}")
        if self.token is not None:
            check_token(self.token)
        elif self.host_names or not self.local:
            raise SettingsError(
                "Other machines can reach this service, and it asks for no token",
                expected="`token_file`, or `host` 127.0.0.1 without `host_names`",
                received=f"{self.host_names[0] if self.host_names else self.host}",
                code="token-needed",
                values={"setting": "token_file"},
            )

    @property
    def local(self) -> bool:
        """True if only this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Returns whether a host name or address is that of the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

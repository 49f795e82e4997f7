"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
        waiting: greatest number of images that are in work or wait for it.
        threads: number of CPU threads; None for one for each core that may be used.
    """

    model: str | None = None
    operating_point: str | None = None
    policy: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8600
    waiting: int = 64
    threads: int | None = None

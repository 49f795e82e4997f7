"""A node in a process of its own, to be killed; its arguments are spool, destination and port."""

from __future__ import annotations

import sys
from pathlib import Path

from pneumoscope.node.run import Node
from pneumoscope.node.settings import Settings
from pneumoscope.node.silence import silenced
from pneumoscope.node.spool import open_spool
from tests.node.conftest import QuickMaker


def main(folder: str, to: str, port: str) -> None:
    settings = Settings(to=(to,), port=int(port), spool=Path(folder), timeout=5.0)
    with silenced(print), open_spool(settings.spool) as spool:
        node = Node(settings, spool, QuickMaker(), lambda _: None)
        print("listening", flush=True)
        node.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])

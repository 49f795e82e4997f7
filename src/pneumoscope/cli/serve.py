"""The command `pneumoscope serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from pneumoscope.cli.console import say, say_notice
from pneumoscope.cli.options import ModelOrDefault, OperatingPoint, PolicyFile
from pneumoscope.errors import extra_needed


def serve(
    bundle: ModelOrDefault = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; by default only this machine reaches it.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port to listen on.", min=0, max=65535)
    ] = 8600,
    operating_point: OperatingPoint = None,
    policy: PolicyFile = None,
) -> None:
    """Serve a page for people, and predictions over HTTP for programs.

    \b
    pneumoscope serve
    pneumoscope serve runs/first --port 9000
    curl --data-binary @radiograph.jpeg http://127.0.0.1:8600/v1/predictions

    Ctrl-C and SIGTERM stop it.
    """
    with extra_needed("serve", "The service"):
        from pneumoscope.server.run import run
        from pneumoscope.server.settings import Settings

    say(f"http://{host}:{port}")
    say_notice()
    run(
        Settings(model=bundle, host=host, port=port, operating_point=operating_point, policy=policy)
    )

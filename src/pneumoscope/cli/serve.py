"""The command `pneumoscope serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import say, say_notice
from pneumoscope.cli.options import (
    DriftFolder,
    Host,
    ModelOrDefault,
    OperatingPoint,
    PolicyFile,
    Threads,
)
from pneumoscope.errors import extra_needed


def serve(
    bundle: ModelOrDefault = None,
    host: Host[str] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port to listen on; 0 for any that is free.")
    ] = 8600,
    operating_point: OperatingPoint = None,
    policy: PolicyFile = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the token that clients must show as `Authorization: Bearer TOKEN`; by "
            "default PNEUMOSCOPE_TOKEN of the environment. Needed where other machines reach the "
            "service.",
        ),
    ] = None,
    host_names: Annotated[
        list[str] | None,
        typer.Option(
            "--host-name",
            metavar="HOST",
            help="Host name under which a proxy on this machine passes requests on; repeat the "
            "option for each. By default none.",
        ),
    ] = None,
    waiting: Annotated[
        int, typer.Option(help="Greatest number of requests in work or waiting; others get 503.")
    ] = 64,
    most_bytes: Annotated[
        int, typer.Option(help="Greatest size of an image file, in bytes; others get 413.")
    ] = 64 * 2**20,
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Greatest number of requests of one client a second; others get 429. By default "
            "any.",
        ),
    ] = None,
    threads: Threads = None,
    drift: DriftFolder = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page in a browser.")
    ] = False,
) -> None:
    """Serve a page for people, and predictions over HTTP for programs.

    \b
    pneumoscope serve
    pneumoscope serve runs/first --port 9000
    pneumoscope serve --host 0.0.0.0 --token-file token.txt
    curl --data-binary @radiograph.jpeg http://127.0.0.1:8600/v1/predictions

    Images stay in memory, and nothing is written but counts, where `--drift` says so. Ctrl-C and
    SIGTERM stop it when everything at hand is answered.
    """
    with extra_needed("serve", "The service"):
        from pneumoscope.server.run import run
        from pneumoscope.server.settings import Settings
        from pneumoscope.server.token import find_token

    settings = Settings(
        model=bundle,
        operating_point=operating_point,
        policy=policy,
        host=host,
        port=port,
        host_names=tuple(host_names or ()),
        token=find_token(token_file),
        waiting=waiting,
        most_bytes=most_bytes,
        rate=rate,
        threads=threads,
        drift=drift,
    )

    def started(address: str) -> None:
        say(f"Serving at {address}; Ctrl-C stops it")
        say_notice()
        if settings.local and not no_browser and _has_display():
            import webbrowser
            from threading import Thread

            # Some browsers come back only when they are closed.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    run(settings, started)


def _has_display() -> bool:
    """Returns whether a person sits here, who sees a browser that is opened."""
    shows = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return shows and sys.stderr.isatty()

"""The commands `pneumoscope node`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from pneumoscope.cli.commands import Commands
from pneumoscope.cli.console import say, say_notice
from pneumoscope.cli.options import OperatingPoint
from pneumoscope.errors import extra_needed


class _Node(Commands):
    """The commands; what names none of them is of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Takes `node --ae X` for `node run --ae X`."""
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Node, help="Receive radiographs from a PACS, and return reports, heatmaps and pictures."
)

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="TOML file of settings, which options override; by default none.",
    ),
]
Spool = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder for what was received and is not yet returned; by default one of this user's.",
    ),
]


@app.command()
def run(
    settings: SettingsFile = None,
    ae: Annotated[
        str | None,
        typer.Option(metavar="TITLE", help="AE title of the node; by default PNEUMOSCOPE."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on: 0.0.0.0 for all of this machine. By default 127.0.0.1, "
            "which only this machine reaches."
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; by default 11112.", min=0, max=65535)
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AE@HOST:PORT",
            help="Destination of the results; repeat the option for each. `sender` stands for the "
            "peer that sent the radiograph. By default that of the settings file.",
        ),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="report|map|capture",
            help="Kind of result to return; repeat the option for each. By default all.",
        ),
    ] = None,
    callers: Annotated[
        list[str] | None,
        typer.Option(
            "--caller",
            metavar="AE[@HOST]",
            help="AE title that may call; repeat the option for each. By default anybody may.",
        ),
    ] = None,
    captures: Annotated[
        bool,
        typer.Option("--captures", help="Take Secondary Captures, too: they may be scanned films."),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="A bundle, the run folder that holds it, or the name of a model; by default the "
            "default model.",
        ),
    ] = None,
    operating_point: OperatingPoint = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="TOML file that maps rules on header and pixels to refuse, warn or ignore. By "
            "default the rules act as documented.",
        ),
    ] = None,
    spool: Spool = None,
) -> None:
    """Receive radiographs by C-STORE, and send results by C-STORE, until it is stopped.

    \b
    pneumoscope node --to ORTHANC@127.0.0.1:4242
    pneumoscope node --settings node.toml
    pneumoscope node status
    pneumoscope node retry

    The word `run` can be left out. A radiograph is on the disk before its sender is told that it
    has been received, and stays until every destination has every result. Ctrl-C and SIGTERM stop
    the node after the object at hand; the next start goes on.
    """
    with extra_needed("node", "The node"):
        from pneumoscope.node.run import running
        from pneumoscope.node.settings import read_settings

    chosen = read_settings(
        settings,
        ae=ae,
        host=host,
        port=port,
        to=to and tuple(to),
        kinds=kinds and tuple(kinds),
        callers=callers and tuple(callers),
        captures=captures or None,
        model=model,
        operating_point=operating_point,
        policy=policy,
        spool=spool,
    )
    with running(chosen, lambda event: say(str(event))) as node:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: node.ask_to_stop())
        say(f"{chosen.ae} listens on {chosen.host}:{node.port}")
        say_notice()
        node.wait()
        say("Stopping after what is at hand")

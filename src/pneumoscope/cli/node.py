"""The commands `pneumoscope node`."""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.commands import FirstUnlessNamed
from pneumoscope.cli.console import print_json, say, say_notice
from pneumoscope.cli.options import MODEL, AsJson, DriftFolder, Host, OperatingPoint, PolicyFile
from pneumoscope.errors import extra_needed
from pneumoscope.files import printable

if TYPE_CHECKING:
    from pneumoscope.node.entry import Entry
    from pneumoscope.node.settings import Settings
    from pneumoscope.node.status import Waiting


app = typer.Typer(
    cls=FirstUnlessNamed,
    help="""Receive radiographs from a PACS, and return reports, heatmaps and pictures.

    Without a command it is `run`, whose options `pneumoscope node run --help` lists.
    """,
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
    host: Host[str | None] = None,
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
    dicomweb: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of an archive to poll by DICOMweb; results go back there unless `--to` "
            "says otherwise. By default none.",
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
            help=f"{MODEL} By default the default model.",
        ),
    ] = None,
    operating_point: OperatingPoint = None,
    policy: PolicyFile = None,
    spool: Spool = None,
    drift: DriftFolder = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File that a line of JSON is appended to for each object; by default the standard "
            "error.",
        ),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Port of this machine to serve metrics for Prometheus on; by default none.",
            min=0,
            max=65535,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Start nothing: check the spool, the model, the port, the certificates and, by "
            "C-ECHO, the destinations.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result of `--check` as JSON.")
    ] = False,
) -> None:
    """Receive radiographs by C-STORE, and send results by C-STORE, until it is stopped.

    \b
    pneumoscope node --to ORTHANC@127.0.0.1:4242
    pneumoscope node --settings node.toml --check
    pneumoscope node --settings node.toml
    pneumoscope node status
    pneumoscope node retry

    The word `run` can be left out. A radiograph is on the disk before its sender is told that it
    has been received, and stays until every destination has every result. Ctrl-C and SIGTERM stop
    the node after the object at hand; the next start goes on.
    """
    with extra_needed("node", "The node"):
        from pneumoscope.node.run import running
        from pneumoscope.node.settings_file import read_settings
        from pneumoscope.node.watch import watching

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
        drift=drift,
        log=log,
        metrics_port=metrics_port,
        archive=dicomweb,
    )
    if check:
        _check(chosen, as_json)
        return
    with watching(chosen) as tell, running(chosen, tell) as node:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: node.ask_to_stop())
        say(f"{chosen.ae} listens on {chosen.host}:{node.port}")
        say_notice()
        node.wait()
        say("Stopping after what is at hand")


@app.command()
def status(settings: SettingsFile = None, spool: Spool = None, as_json: AsJson = False) -> None:
    """Print what waits in the spool, and the dead letters with their codes.

    \b
    pneumoscope node status
    pneumoscope node status --settings node.toml --json

    A node may be at work meanwhile. What the codes mean is in the documentation.
    """
    with extra_needed("node", "The node"):
        from pneumoscope.node.status import read_status

    found = read_status(_find_spool(settings, spool))
    if as_json:
        print_json(found.to_dict())
        return
    print("A node is at work" if found.running else "No node is at work")
    if found.unmade:
        print(_describe_waiting(found.unmade, "their results"))
    for name, waiting in found.waiting.items():
        print(_describe_waiting(waiting, name))
    for entry in found.dead:
        print(f"dead letter {entry.key}: {_describe_dead(entry)}")


@app.command()
def retry(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of dead letters, as `node status` prints them; by default all."),
    ] = None,
    settings: SettingsFile = None,
    spool: Spool = None,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back into the queue.

    \b
    pneumoscope node retry
    pneumoscope node retry 1767225600000000000-0123456789abcdef0123456789abcdef

    A node that is at work takes them up at once, otherwise the next one that is started.
    """
    with extra_needed("node", "The node"):
        from pneumoscope.node.status import retry as put_back

    done = put_back(_find_spool(settings, spool), keys or ())
    if as_json:
        print_json(done)
    else:
        print(f"{len(done)} dead letters are in the queue again")


def _find_spool(settings: Path | None, spool: Path | None) -> Path:
    from pneumoscope.node.settings_file import read_spool

    return spool or read_spool(settings)


def _check(chosen: Settings, as_json: bool) -> None:
    """Prints the result of each check, and leaves with the exit code of the first that failed."""
    from pneumoscope.node.check import check

    found = []
    for one in check(chosen):
        found.append(one)
        if not as_json:
            print(printable(f"{'FAILED' if one.code else 'ok':<8}{one.what}: {one.text}"))
    if as_json:
        print_json([one.to_dict() for one in found])
    say_notice()
    failed = next((one.exit_code for one in found if one.exit_code), 0)
    if failed:
        raise typer.Exit(failed)


def _describe_waiting(waiting: Waiting, what: str) -> str:
    since = datetime.fromtimestamp(waiting.since).astimezone().isoformat(" ", "seconds")
    return printable(f"{waiting.count} waiting for {what}, the first since {since}")


def _describe_dead(entry: Entry) -> str:
    from pneumoscope.node.status import rejected

    where = "; ".join(f"{', '.join(kinds)} at {name}" for name, kinds in rejected(entry).items())
    return printable(f"{entry.failure} ({where})" if where else str(entry.failure))

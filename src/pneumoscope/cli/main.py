"""The `pneumoscope` command. Each command imports the rooms that it needs when it runs."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from pneumoscope import __version__
from pneumoscope.cli import (
    check_heatmaps,
    compare,
    data,
    evaluate,
    models,
    predict,
    report,
    stress,
    train,
)
from pneumoscope.cli.console import fail
from pneumoscope.errors import PneumoscopeError
from pneumoscope.types import RESEARCH_NOTICE

app = typer.Typer(
    name="pneumoscope",
    help=f"""Train, prove and run a network that tells normal chest radiographs from pneumonia.

    {RESEARCH_NOTICE}

    \b
    pneumoscope predict radiograph.jpeg --heatmap heatmaps
    pneumoscope train chest_xray --output runs/first
    pneumoscope evaluate runs/first chest_xray
    pneumoscope predict runs/first radiograph.jpeg

    Results go to standard output, progress and warnings to standard error. Exit codes: 0 done,
    1 done but some files could not be read, 2 bad input, 3 bad bundle, 4 disk full or access
    denied, 5 part not installed, 6 download failed, 130 interrupted.
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command(name="train")(train.train)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="compare")(compare.compare)
app.command(name="stress")(stress.stress)
app.command(name="report")(report.report)
app.command(name="check-heatmaps")(check_heatmaps.check_heatmaps)
app.command(name="predict")(predict.predict)
app.command(name="models")(models.models)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"pneumoscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs the command line, and turns every error into one line and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A file name that the terminal cannot show is no reason to stop.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except PneumoscopeError as error:
        fail(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("PNEUMOSCOPE_DEBUG"):
            raise
        fail(
            f"Internal error: {type(error).__name__}: {error}. Set PNEUMOSCOPE_DEBUG=1 to see "
            "where, and please report it."
        )
        sys.exit(70)

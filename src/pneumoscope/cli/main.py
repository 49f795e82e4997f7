"""The command `pneumoscope`; each of its commands imports the library only when it runs."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from pneumoscope.cli import (
    calibrate,
    check_heatmaps,
    compare,
    data,
    drift,
    evaluate,
    models,
    node,
    plan,
    predict,
    report,
    runs,
    score,
    serve,
    stress,
    train,
    tune,
)
from pneumoscope.cli.commands import Commands, Training
from pneumoscope.cli.console import fail, say
from pneumoscope.cli.surroundings import settle
from pneumoscope.cli.wording import in_options
from pneumoscope.errors import InterruptedRunError, PneumoscopeError, StorageError
from pneumoscope.types import RESEARCH_NOTICE
from pneumoscope.version import __version__


class _OutputClosed(Exception):
    """The reader of standard output has closed it."""


class _Pneumoscope(Commands):
    """The commands; a closed output and Ctrl-C are caught here, before typer handles them."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the given command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _OutputClosed from error
        except KeyboardInterrupt:
            say("Interrupted.")
            raise


app = typer.Typer(
    name="pneumoscope",
    cls=_Pneumoscope,
    help=f"""Trains, evaluates and runs a convolutional network that classifies chest radiographs as
    normal or pneumonia.

    {RESEARCH_NOTICE}

    \b
    pneumoscope predict radiograph.jpeg --heatmap heatmaps
    pneumoscope train chest_xray --output runs/first
    pneumoscope evaluate runs/first chest_xray
    pneumoscope predict runs/first radiograph.jpeg

    Results go to standard output, progress and warnings to standard error. Exit codes: 0 done,
    1 done but some files could not be read, 2 bad input, 3 bad bundle, 4 disk full or access
    denied, 5 part not installed, 6 download failed, 7 training diverged, 8 peer not reached,
    130 interrupted.
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command(name="train", cls=Training)(train.train)
app.command(name="tune", cls=Training)(tune.tune)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="calibrate")(calibrate.calibrate)
app.command(name="plan")(plan.plan)
app.command(name="compare")(compare.compare)
app.command(name="stress")(stress.stress)
app.command(name="report")(report.report)
app.command(name="check-heatmaps")(check_heatmaps.check_heatmaps)
app.command(name="predict")(predict.predict)
app.command(name="score")(score.score)
app.command(name="runs")(runs.runs)
app.add_typer(models.app, name="models")
app.command(name="serve")(serve.serve)
app.command(name="drift")(drift.drift)
app.add_typer(node.app, name="node")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"pneumoscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs the command line, and turns every error into one line and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A file name that the terminal cannot show is no reason to stop.
        sys.stdout.reconfigure(errors="backslashreplace")
    settle()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except PneumoscopeError as error:
        for notice in error.notices:
            say(notice.text)
        fail(in_options(str(error), app))
        sys.exit(error.exit_code)
    except (_OutputClosed, BrokenPipeError):
        _drop_output()
        sys.exit(0)
    except OSError as error:
        _drop_output()
        what = "the output" if error.filename is None else error.filename
        fail(f"Cannot read or write {what}: {(error.strerror or str(error)).lower()}")
        sys.exit(StorageError.exit_code)
    except Exception as error:
        if _is_interrupt(error):
            say("Interrupted.")
            sys.exit(InterruptedRunError.exit_code)
        if os.environ.get("PNEUMOSCOPE_DEBUG"):
            raise
        fail(
            f"Internal error: {type(error).__name__}: {error}. Set PNEUMOSCOPE_DEBUG=1 to see "
            "where, and please report it."
        )
        sys.exit(70)


def _drop_output() -> None:
    """Discards what is still to be printed, for which Python would report an error at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_interrupt(error: BaseException | None) -> bool:
    """Tells whether Ctrl-C caused an error: while a class is made, Python 3.11 wraps it in one."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False

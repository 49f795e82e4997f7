"""Writes docs/cli.md: the help of each command, as the command line prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from typer import Context
from typer.main import get_command

from pneumoscope.cli.main import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
_WIDTH = 80


def render() -> str:
    """The page, as Markdown."""
    command = get_command(app)
    root = Context(
        command, info_name="pneumoscope", terminal_width=_WIDTH, **command.context_settings
    )
    sections = (f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(root))
    head = "# Command line\n\nMade by `python scripts/cli_reference.py`: do not edit."
    return "\n\n".join([head, *sections]) + "\n"


def _helps(context: Context) -> Iterator[tuple[str, str]]:
    """The path and the help of a command, then those of the commands below it."""
    yield context.command_path, context.get_help()
    for name, command in getattr(context.command, "commands", {}).items():
        yield from _helps(Context(command, info_name=name, parent=context))


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

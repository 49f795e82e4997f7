"""The classes of the commands, which print their help."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

from pneumoscope.recipes import ARCHITECTURES, PRESETS, Architecture


class Commands(TyperGroup):
    """A group of commands, whose list in the help has the first sentence of each, never cut."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _first_paragraph(each.help)) for name, each in self.commands.items()]
            )


class FirstUnlessNamed(Commands):
    """A group whose first command is also meant where none is named, as `models` and `node`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the name of the first command before what names none."""
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


class Training(TyperCommand):
    """A command whose help ends with what there is to choose from."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the presets, and the architectures, each with what it is for."""
        with formatter.section("Presets"):
            formatter.write_dl([(name, each.purpose) for name, each in PRESETS.items()])
        with formatter.section("Architectures"):
            formatter.write_dl(
                [(name, f"{each.purpose} ({_size(each)})") for name, each in ARCHITECTURES.items()]
            )


def _size(architecture: Architecture) -> str:
    """Says how large a network is, and how long it trains beside the default one."""
    size, effort = f"{architecture.parameters:g} million parameters", architecture.effort
    return size if effort == 1 else f"{size}; {effort:g} times as long for each image"


def _first_paragraph(text: str | None) -> str:
    return (text or "").partition("\n\n")[0].replace("\n", " ")

"""Rewording of the library's messages, which name Python, for the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

COMMANDS = {
    "add_model": "models add",
    "export_model": "models export",
    "list_models": "models",
    "make_phantoms": "data phantoms",
    "plan": "plan",
    "prepare": "data prepare",
    "resume": "train --resume",
    "train": "train",
    "train_several": "train",
    "tune": "tune",
}
"""Command for each function of `pneumoscope` that an error names."""

_CODE = re.compile(
    r'`(?:pneumoscope\.(?P<function>[\w.]+?)(?:\("(?P<argument>.*?)"\))?|(?P<setting>\w+))`'
)


def in_options(text: str, app: typer.Typer) -> str:
    """Words a message of the library as one of the command line.

    `learning_rate` becomes --learning-rate, and `pneumoscope.train` becomes `pneumoscope train`.
    What is no option of any command, and no function of `COMMANDS`, stays as it is.

    Args:
        text: message with parameters, functions, and calls of a function with one string, each
            in backticks.
        app: the command line that has the options.

    Returns:
        The message with options and commands in their place.
    """
    settings = options(app)

    def reword(code: re.Match[str]) -> str:
        function, argument, setting = code.group("function", "argument", "setting")
        if setting:
            return settings.get(setting, code.group())
        if function not in COMMANDS:
            return code.group()
        return f"`{' '.join(filter(None, ('pneumoscope', COMMANDS[function], argument)))}`"

    return _CODE.sub(reword, text)


def options(app: typer.Typer) -> dict[str, str]:
    """Lists what to type for each parameter: --output for `output`, DATA for `data`.

    A switch such as --no-gate also stands for the parameter `gate`, which it turns off.
    """
    found: dict[str, str] = {}
    for parameter in _parameters(get_command(app)):
        if parameter.param_type_name == "argument":
            found.setdefault(parameter.name, parameter.metavar or parameter.name.upper())
        else:
            found[parameter.name] = found[parameter.name.removeprefix("no_")] = parameter.opts[0]
    return found


def _parameters(command: Any) -> Iterator[Any]:
    yield from command.params
    for below in getattr(command, "commands", {}).values():
        yield from _parameters(below)

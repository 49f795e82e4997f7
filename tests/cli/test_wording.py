"""The command line says in its own words what the library says in Python's."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module

import pytest
from typer.main import get_command

from pneumoscope.cli.main import app
from pneumoscope.cli.wording import COMMANDS, in_options, options

WORDS = {
    "`prevalence` is out of range": "--prevalence is out of range",
    "a lower `learning_rate`": "a lower --learning-rate",
    "Leave out `policy`, or `gate`": "Leave out --policy, or --no-gate",
    "Choose another `output`": "Choose another --output",
    "Give the data to measure on as `data`": "Give the data to measure on as DATA",
    "that `pneumoscope.train` wrote": "that `pneumoscope train` wrote",
    "Run `pneumoscope.prepare` again": "Run `pneumoscope data prepare` again",
    '`pneumoscope.resume("runs/a `b`")`': "`pneumoscope train --resume runs/a `b``",
    "the extra `train`": "the extra `train`",
    "`pneumoscope.nothing` and `nothing`": "`pneumoscope.nothing` and `nothing`",
    "`pip install --upgrade pneumoscope`": "`pip install --upgrade pneumoscope`",
}


@pytest.mark.parametrize("text", WORDS)
def test_words(text: str) -> None:
    assert in_options(text, app) == WORDS[text]


@pytest.mark.parametrize("line", COMMANDS.values())
def test_every_command_is_there(line: str) -> None:
    command = get_command(app)
    for word in line.split():
        if word.startswith("--"):
            assert word in {name for parameter in command.params for name in parameter.opts}
        else:
            command = getattr(command, "commands", {})[word]


@pytest.mark.keras
def test_every_function_and_setting_is_there() -> None:
    from pneumoscope.run import TrainingSettings

    for function in COMMANDS:
        room, _, name = f"pneumoscope.{function}".rpartition(".")
        assert callable(getattr(import_module(room), name))
    assert {field.name for field in fields(TrainingSettings)} <= set(options(app))

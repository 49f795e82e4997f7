"""An option means the same wherever it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pneumoscope.cli.main import app

# What is written, and how strict, is each command's own; of `predict` JSON is a line an image;
# masks are read by one command and written by another.
OWN = {"--output", "--strict", "--json", "--masks", "--lungs"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    below = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name, each in below.items():
        yield from commands(each, (*path, name))


def test_a_shared_option_is_worded_once() -> None:
    helps = defaultdict(set)
    for _, command in commands(get_command(app)):
        for parameter in command.params:
            if parameter.param_type_name == "option":
                helps[parameter.opts[0]].add(parameter.help)
    assert {name for name, texts in helps.items() if len(texts) > 1} == OWN


SEEDED = [
    path
    for path, command in commands(get_command(app))
    if any("--seed" in parameter.opts for parameter in command.params)
]


@pytest.mark.parametrize("path", SEEDED, ids="-".join)
def test_no_negative_seed(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "data", "--seed", "-1"])
    assert done.exit_code == 2
    assert "greater than or equal to 0" in done.output

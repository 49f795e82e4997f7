"""The help is whole at any usual width, and leaves no default or choice unsaid."""

from __future__ import annotations

from typing import Any

import pytest
from typer import Context
from typer.main import get_command

from pneumoscope.cli.main import app
from pneumoscope.defaults import ARCHITECTURE
from pneumoscope.recipes import ARCHITECTURES, PRESETS, RECIPES, describe_default
from tests.cli.conftest import Run
from tests.cli.test_options import commands

COMMANDS = dict(commands(get_command(app)))
GROUPS = {(): get_command(app), ("data",): get_command(app).commands["data"]}
ALL = {**GROUPS, **COMMANDS}


def help_of(path: tuple[str, ...], width: int) -> str:
    command = ALL[path]
    name = " ".join(("pneumoscope", *path))
    return Context(command, info_name=name, terminal_width=width).get_help()


def examples(command: Any) -> set[str]:
    lines = (line.strip() for line in (command.help or "").splitlines())
    return {line for line in lines if line.startswith(("pneumoscope ", "cat ", "curl "))}


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("path", ALL, ids=lambda path: "-".join(path) or "all")
def test_nothing_is_cut(path: tuple[str, ...], width: int) -> None:
    text = help_of(path, width)
    metavars = {
        "[ARGS]...",
        "[files]...",
        "files...",
        "[keys]...",
        "keys...",
        "[data]...",
        "data...",
        "BUNDLE...",
        "DATA}...",
        "{BUNDLE...",
    }
    assert {word for word in text.split() if word.endswith("...")} <= metavars
    for parameter in ALL[path].params:
        assert all(option in text for option in parameter.opts if option.startswith("--"))
    wide = {line.strip() for line in text.splitlines() if len(line) > width}
    assert wide <= (examples(ALL[path]) if width < 80 else set())


@pytest.mark.parametrize("path", COMMANDS, ids="-".join)
def test_each_option_that_takes_a_value_says_its_default(path: tuple[str, ...]) -> None:
    context = Context(COMMANDS[path])
    for parameter in COMMANDS[path].params:
        if parameter.param_type_name == "option" and not parameter.is_flag:
            names, text = parameter.get_help_record(context)
            assert parameter.required or "default" in text.lower(), names


@pytest.mark.parametrize("group", GROUPS, ids=lambda path: "-".join(path) or "all")
def test_each_command_is_listed_with_its_sentence(group: tuple[str, ...]) -> None:
    text = " ".join(help_of(group, 60).split())
    for name, command in GROUPS[group].commands.items():
        assert f"{name} {' '.join(command.help.split(chr(10) * 2)[0].split())}" in text


def test_the_defaults_of_each_recipe_are_shown() -> None:
    text = " ".join(help_of(("train",), 80).split())
    assert "--image-size" in text
    sizes = describe_default("image_size")
    assert sizes.startswith(f"residual {RECIPES['residual'].image_size}, ")
    assert sizes.endswith(", others 224")
    assert f"[default: {sizes}]" in text
    assert "[default: 32]" in text
    assert describe_default("augmentation") == "baseline off, others on"
    assert describe_default("batch_size") == "32"


def test_each_preset_is_listed() -> None:
    text = " ".join(help_of(("train",), 80).split())
    for name, preset in PRESETS.items():
        assert f"{name} {preset.purpose}" in text


def test_each_architecture_is_listed() -> None:
    assert list(ARCHITECTURES) == list(RECIPES)
    text = " ".join(help_of(("train",), 80).split())
    for name, architecture in ARCHITECTURES.items():
        assert f"{name} {architecture.purpose} ({architecture.parameters:g} million" in text
        if name != ARCHITECTURE:
            assert f"million parameters; {architecture.effort:g} times as long" in text
    assert ARCHITECTURES[ARCHITECTURE].effort == 1  # what the others are relative to


@pytest.mark.keras
def test_an_unknown_architecture_is_answered_by_the_nearest(run: Run, phantoms: Any) -> None:
    code, _, err = run("train", phantoms, "--arch", "residul")
    assert code == 2
    assert err.splitlines()[-1].endswith("Received residul. Did you mean residual?")
    code, _, err = run("train", phantoms, "--arch", "xyz")
    assert "Did you mean" not in err


def test_unknown_names_are_answered_by_the_nearest(run: Run, bundle: Any, phantoms: Any) -> None:
    _, _, err = run("evaluate", bundle, phantoms, "--operating-point", "defaultt")
    assert "Did you mean default?" in err
    _, _, err = run("models", "residual2")
    assert "Did you mean residual-2?" in err
    _, _, err = run("trainn")
    assert "Did you mean 'train'?" in err
    _, _, err = run("train", "--epoch", "3")
    assert "--epochs" in err

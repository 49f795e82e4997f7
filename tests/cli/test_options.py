"""An option means the same wherever it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pneumoscope.cli.main import app
from tests.cli.conftest import Run
from tests.conftest import write_bundle

# What is written, and how strict, is each command's own; of `predict` JSON is a line an image;
# masks are read by one command and written by another; each server has its own usual port.
OWN = {
    "--labels",
    "--output",
    "--prevalence",
    "--strict",
    "--json",
    "--limit",
    "--masks",
    "--lungs",
    "--port",
}


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
                helps[parameter.opts[0]].add(parameter.help.split("  [default:")[0])
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


MEASURING = ("evaluate", "compare", "stress", "check-heatmaps", "report")


@pytest.mark.parametrize("name", MEASURING)
def test_what_measures_takes_the_same_options(name: str) -> None:
    (command,) = [each for path, each in commands(get_command(app)) if path == (name,)]
    options = {parameter.opts[0] for parameter in command.params}
    assert options >= {"--output", "--root", "--resamples", "--seed", "--hash-paths", "--json"}


@pytest.mark.parametrize("name", MEASURING)
def test_images_may_lie_elsewhere_than_their_manifest(
    name: str, run: Run, phantoms: Path, tmp_path: Path
) -> None:
    images = sorted(phantoms.rglob("*.png"))
    rows = [f"{path.relative_to(phantoms)},{path.parent.name}" for path in images]
    (manifest := tmp_path / "tables.csv").write_text("\n".join(["path,label", *rows]))
    models = [write_bundle(tmp_path / "bundle")] * (2 if name == "compare" else 1)
    words = (name, *models, manifest, "--output", tmp_path / "out" / "page.html", "--resamples")
    assert run(*words, 100)[0] == 2
    code, _, err = run(*words, 100, "--root", phantoms)
    assert code == 0, err

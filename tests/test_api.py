"""What the command line can do, Python can, from one import path; and the documentation has all."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest
from typer.main import get_command

import pneumoscope
from pneumoscope.cli.main import app
from pneumoscope.dataset import PhantomSettings, make_phantoms
from pneumoscope.recipes import RECIPES
from tests.cli.test_options import commands
from tests.reporting.conftest import write_run

DOCS = Path(__file__).parents[1] / "docs"
API = (DOCS / "api.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to" / "python.md").read_text("utf-8")

COUNTERPARTS = {
    "data fetch": ("fetch",),
    "data audit": ("audit",),
    "data prepare": ("prepare",),
    "data phantoms": ("make_phantoms",),
    "train": ("train", "resume", "assist", "train_several", "resume_several"),
    "tune": ("tune",),
    "predict": ("predict",),
    "runs": ("list_runs",),
    "models show": ("list_models", "read_model"),
    "models add": ("add_model",),
    "models export": ("export_model",),
    "models remove": ("remove_model",),
    "evaluate": ("evaluate",),
    "drift": ("drift", "performance_over_time"),
    "calibrate": ("calibrate",),
    "plan": ("plan",),
    "compare": ("compare",),
    "stress": ("stress",),
    "check-heatmaps": ("check_heatmaps",),
    "report": ("report",),
    "score": ("score",),
}
"""By command: the functions of `pneumoscope` that do the same."""

OTHERWISE = {
    ("*", "--json"): "a result has its fields, and `to_dict`",
    ("*", "--full"): "a result has its fields, and tables of all of them",
    ("*", "--hash-paths"): "with pneumoscope.hashed_names()",
    ("runs", "--csv"): "a run has its fields, and `to_dict`",
    ("predict", "--csv"): "a prediction has its fields, and `to_dict`",
    ("predict", "--no-gate"): "`gate`",
    ("score", "--no-gate"): "`gate`",
    ("data prepare", "--image-size"): "`geometry`",
    ("train", "--resume"): "`resume`",
    ("train", "--track"): "an `observer`: `pneumoscope.run.track.Tracker`",
    ("report", "--track"): "`pneumoscope.run.track.attach`",
    ("drift", "--days"): "a report has its fields, and `to_dict`",
    ("compare", "paths"): "`bundles` and `data`",
    ("stress", "paths"): "`bundles` and `data`",
}
"""By command and option or argument: what stands for it in Python, under another name."""

INNER = {
    "Acquisition",
    "Archive",
    "Basis",
    "Condition",
    "GateLevels",
    "Judgement",
    "Limits",
    "Resampling",
}
"""Classes of fields that are of use inside of the rooms alone."""

COMMANDS = {
    " ".join(path): command
    for path, command in commands(get_command(app))
    if path[0] not in ("node", "serve")  # services, which other programs speak to
}
KERAS = {"train", "resume", "assist", "train_several", "resume_several", "tune"}


def marked(names: Iterable[str]) -> list[Any]:
    """Names for `parametrize`; those that load Keras are marked."""
    return [pytest.param(name, marks=[pytest.mark.keras] * (name in KERAS)) for name in names]


def classes_in(hint: Any) -> Iterator[type]:
    """Our classes among the types of an annotation."""
    if isinstance(hint, type) and hint.__module__.startswith("pneumoscope."):
        yield hint
    for inner in get_args(hint):
        yield from classes_in(inner)


def parameters(name: str) -> set[str]:
    """The parameters of a function, and the fields of the values that it takes for settings."""
    function = getattr(pneumoscope, name)
    found = set(inspect.signature(function).parameters)
    hints = get_type_hints(function)
    del hints["return"]
    for hint in hints.values():
        for kind in classes_in(hint):
            if kind.__name__ in pneumoscope.__all__ and dataclasses.is_dataclass(kind):
                found |= {field.name for field in dataclasses.fields(kind)}
    return found


def documented() -> dict[str, Any]:
    """By the name under which the page of the reference has it: what it documents."""
    found: dict[str, Any] = {}
    for name, options in re.findall(r"^::: (\S+)\n((?: +.*\n)*)", API, re.MULTILINE):
        found[name] = value = resolve_name(name)
        if isinstance(value, ModuleType):
            chosen = re.search(r"members: \[(.*)\]", options)
            members = chosen[1].split(", ") if chosen else [n for n in vars(value) if n[0] != "_"]
            found |= {f"{name}.{member}": getattr(value, member) for member in members}
    return found


def test_every_command_has_its_counterpart() -> None:
    assert set(COMMANDS) == set(COUNTERPARTS)
    public = {name for names in COUNTERPARTS.values() for name in names}
    assert public <= set(pneumoscope.__all__)


@pytest.mark.parametrize("name", marked(COMMANDS))
def test_every_option_is_a_parameter(name: str) -> None:
    taken = set().union(*map(parameters, COUNTERPARTS[name]))
    for parameter in COMMANDS[name].params:
        is_argument = parameter.param_type_name == "argument"
        option = parameter.name if is_argument else parameter.opts[0]
        otherwise = {(name, option), ("*", option)} & set(OTHERWISE)
        assert (parameter.name in taken) != bool(otherwise), option


@pytest.mark.parametrize("name", marked(chain(*COUNTERPARTS.values())))
def test_what_first_then_data_then_output_and_all_else_by_keyword(name: str) -> None:
    order = [
        "folder",
        "source",
        "bundle",
        "bundles",
        "run",
        "model",
        "data",
        "files",
        "output",
        "heatmap",
    ]
    order += ["settings"]
    by_place = [
        parameter.name
        for parameter in inspect.signature(getattr(pneumoscope, name)).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    assert by_place == sorted(by_place, key=order.index)


@pytest.mark.keras
def test_every_public_name_is_there() -> None:
    assert pneumoscope.__all__ == sorted(pneumoscope.__all__)
    assert set(dir(pneumoscope)) >= set(pneumoscope.__all__)
    for name in pneumoscope.__all__:
        assert getattr(pneumoscope, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = pneumoscope.magic


def test_a_room_never_stands_in_the_place_of_a_name() -> None:
    rooms = {path.stem for path in Path(str(pneumoscope.__file__)).parent.iterdir()}
    assert rooms & set(pneumoscope.__all__) == {"errors", "types"}
    assert pneumoscope.evaluation.Evaluation.__doc__


@pytest.mark.keras
def test_the_reference_has_every_public_name_and_every_class_of_a_result() -> None:
    found = documented()
    assert {f"pneumoscope.{name}" for name in pneumoscope.__all__} - {*found} == {
        "pneumoscope.PneumoscopeError"  # among the errors
    }
    there = [id(value) for value in found.values()]
    open_ends = [value for name, value in found.items() if name.count(".") == 1]
    seen: set[type] = set()
    while open_ends:
        value = open_ends.pop()
        hints = [] if isinstance(value, ModuleType) else list(get_type_hints(value).values())
        for kind in {kind for hint in hints for kind in classes_in(hint)} - seen:
            seen.add(kind)
            if kind.__name__ not in INNER:
                assert id(kind) in there, kind
                open_ends.append(kind)
    assert {kind.__name__ for kind in seen} >= INNER


def test_the_reference_says_which_function_is_which_command() -> None:
    rows = re.findall(r"^\| `pneumoscope ([\w -]+)` \| (.*) \|$", API, re.MULTILINE)
    told = {name: tuple(re.findall(r"\[pneumoscope\.(\w+)\]", row)) for name, row in rows}
    assert told.pop("predict") == ("predict", "load")
    assert told == {name: them for name, them in COUNTERPARTS.items() if name != "predict"}


def examples(*, training: bool) -> list[str]:
    blocks = re.findall(r"^```python\n(.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if ("pneumoscope.train(" in block) == training]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what the page of examples works on."""
    monkeypatch.chdir(tmp_path)
    make_phantoms("chest_xray", PhantomSettings(patients=12, width=(96, 128)))
    shutil.copytree("chest_xray/NORMAL", "radiographs")
    shutil.copy(next(Path("radiographs").iterdir()), "a.png")
    return tmp_path


def test_examples_run(here: Path) -> None:
    for name in ("first", "second"):
        write_run(Path("runs", name), Path("chest_xray"))
    found = examples(training=False)
    assert len(found) == 8
    for example in found:
        exec(compile(example, "python.md", "exec"), {})
    written = ("evaluation/metrics.json", "comparison/comparison.json", "stress/stress.json")
    for file in (*written, "runs/first/report.html", "heatmaps/a.png.heatmap.png"):
        assert Path(file).is_file(), file
    assert "phantom0-" not in Path("hashed/predictions.csv").read_text()


@pytest.mark.keras
def test_the_example_that_trains_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(RECIPES["baseline"], image_size=32, epochs=1)
    monkeypatch.setitem(RECIPES, "baseline", small)
    (example,) = examples(training=True)
    exec(compile(example, "python.md", "exec"), {})
    assert pneumoscope.read_model("runs/first").info.settings["learning_rate"] == 0.0005

"""The documentation says what is so: references, commands, links, and the notebook."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from typer.main import get_command

from pneumoscope import errors
from pneumoscope.cli.main import app
from pneumoscope.gate import read_policy

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebooks" / "walkthrough.ipynb"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def documented_commands() -> Iterator[str]:
    """Every command line of ours in a block for the shell, without pipes and redirections."""
    for page in PAGES:
        for line in "\n".join(blocks(page, "sh") + blocks(page, "console")).splitlines():
            for part in re.split(r"[|;]|&&", line.removeprefix("$ ").split("  #")[0]):
                if part.strip().startswith("pneumoscope "):
                    yield part.split(" > ")[0].strip()


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))


def test_command_reference_is_what_help_says() -> None:
    reference = script("cli_reference")
    assert reference["PAGE"].read_text("utf-8") == reference["render"](), (
        "run `python scripts/cli_reference.py`"
    )


def test_pages_show_what_is_printed_without_a_training(tmp_path: Path) -> None:
    assert not script("printed_outputs")["compare"](tmp_path, trained=False)


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pages_show_what_is_printed(tmp_path: Path) -> None:
    assert not script("printed_outputs")["compare"](tmp_path, trained=True)


PAGE = """
```console
$ draw phantoms
8 drawn
```

```console
$ train runs/first
…
Loss 0.71 at 40 images/s
  … and so on …
Done
```

```console
$ draw chest_xray
9 drawn
```
"""


@pytest.mark.parametrize(
    ("command", "lines", "trained", "drifted"),
    [
        ("draw phantoms", ["8 drawn"], True, []),
        ("draw phantoms", ["7 drawn"], True, ["-8 drawn", "+7 drawn"]),
        ("draw phantoms", ["8 drawn", "1 lost"], True, ["+1 lost"]),
        ("train runs/first", ["Loss 0.69 at 9 images/s", "", "Done"], True, []),
        (
            "train runs/first",
            ["Loss 0.69", "Done"],
            True,
            ["-Loss 0.71 at 40 images/s", "+Loss 0.69"],
        ),
        ("train runs/first", ["Loss 0.69", "Done"], False, []),
    ],
)
def test_drift_of_printed_outputs(
    command: str, lines: list[str], trained: bool, drifted: list[str]
) -> None:
    printed = script("printed_outputs")
    outputs = {
        "draw phantoms": ["8 drawn"],
        "train runs/first": ["Hello", "Loss 0.71 at 40 images/s", "Other", "Done"],
        command: lines,
    }
    fresh = printed["renewed"](PAGE, outputs.__getitem__, trained=trained)
    changes = list(printed["drift"](PAGE, fresh))
    assert [line for line in changes[3:] if line[0] in "+-"] == drifted


def test_a_line_after_an_ellipsis_has_to_be_printed() -> None:
    with pytest.raises(ValueError, match="'Loss ' is not in list"):
        script("printed_outputs")["renewed"](PAGE, lambda _: ["8 drawn"], trained=True)


@pytest.mark.parametrize("line", sorted(set(documented_commands())))
def test_documented_command_exists_with_its_options(line: str) -> None:
    command: Any = get_command(app)
    words = shlex.split(line)[1:]
    while hasattr(command, "commands"):
        is_named = words and words[0] in command.commands
        unnamed = "show" if "show" in command.commands else "run"  # as of `models`, of `node`
        command = command.commands[words.pop(0) if is_named else unnamed]
    command.make_context(command.name, words)  # fails on an unknown option or a missing argument


def test_commands_are_found_in_the_documentation() -> None:
    found = set(documented_commands())
    data = ("data fetch", "data audit", "data prepare", "data phantoms")
    others = ("compare", "stress", "report", "check-heatmaps", "predict", "models")
    for name in (*data, "train", "evaluate", *others):
        assert any(line.startswith(f"pneumoscope {name} ") for line in found), name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_of_pages_uses_names_that_exist(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("pneumoscope"):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names), node.module
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pneumoscope":
                assert node.attr in importlib.import_module("pneumoscope").__all__


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_copy_button_copies_can_be_pasted(page: Path) -> None:
    """It copies a block of `sh` whole, and of `console` the lines after a prompt."""
    assert not [block for block in blocks(page, "sh") if re.search(r"^\$ ", block, re.MULTILINE)]
    assert all(block.startswith("$ ") for block in blocks(page, "console"))


def test_every_page_is_in_the_menu() -> None:
    """A page that is in no menu is a page that nobody finds."""
    docs = ROOT / "docs"
    menu = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    assert set(entries(menu)) == pages | {"notebooks/walkthrough.md"}  # made when the site is built


def entries(menu: Any) -> Iterator[str]:
    if isinstance(menu, str):
        yield menu
    else:
        for part in menu.values() if isinstance(menu, dict) else menu:
            yield from entries(part)


def test_every_dependency_has_a_reason() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = content["project"]
    groups = (project["optional-dependencies"] | content["dependency-groups"]).values()
    wanted = [*project["dependencies"], *(line for group in groups for line in group)]
    names = {re.split(r"[^A-Za-z0-9-]", line)[0] for line in wanted} - {"pneumoscope"}
    record = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text("utf-8")
    given = set(re.findall(r"\*\*([a-z0-9-]+)\*\*", record))
    assert names == given


def test_exit_codes_are_documented_as_they_are() -> None:
    table = (ROOT / "docs" / "how-to" / "automation.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", table, re.MULTILINE))
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.PneumoscopeError):
            assert f"`{name}`" in rows[str(kind.exit_code)], name


def test_rules_are_documented_with_their_default() -> None:
    page = (ROOT / "docs" / "explanation" / "refusal.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| (\w+) \|$", page, re.MULTILINE)
    assert rows == [(name, str(action)) for name, action in read_policy().items()]


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "index.md").read_text("utf-8")
    for record in folder.glob("[0-9]*.md"):
        assert f"[{record.name[:4]}]({record.name})" in index


def test_site_builds_strictly(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert script("build_site")["build"](tmp_path / "copy", site) == 0
    assert (site / "notebooks" / "walkthrough" / "index.html").is_file()
    for page in site.rglob("*.html"):
        shown = re.sub(r"<pre.*?</pre>", "", page.read_text("utf-8"), flags=re.DOTALL)
        assert not re.findall(r"^(?:<p>)?(?:[-*]|\d+\.) .*", shown, re.MULTILINE), "no list"


def test_notebook_was_run_whole_and_tells_nothing_of_the_machine() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    text = "".join(str(output.get("text", "")) + str(output.get("data", "")) for output in outputs)
    assert not re.search(r"(?<![\w.…])/(home|root|tmp|work|usr|Users|var)/", text)
    assert NOTEBOOK.stat().st_size < 1_500_000


@pytest.mark.keras
@pytest.mark.timeout(900)
def test_notebook_runs(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()  # IPython insists on a home
    fresh = script("run_notebook")["execute"](NOTEBOOK)
    assert pictures(fresh) == pictures(nbformat.read(NOTEBOOK, as_version=4))
    assert sum(pictures(fresh)) == 5


def pictures(notebook: nbformat.NotebookNode) -> list[int]:
    """How many pictures each cell shows."""
    return [
        sum(bool({"image/png", "image/jpeg"} & output.get("data", {}).keys()) for output in outputs)
        for outputs in (cell.get("outputs", ()) for cell in notebook.cells)
    ]

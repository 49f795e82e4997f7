"""What a program may act on has a code: documented, never used twice, and no text is parsed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pneumoscope import errors
from pneumoscope.dataset.audit.rules import _COPIES
from pneumoscope.errors import PneumoscopeError
from pneumoscope.gate import RULES, TITLES, Action, read_policy
from pneumoscope.reporting.checks import CHECKS

SOURCE = Path(errors.__file__).parent
TREES = {file: ast.parse(file.read_text("utf-8")) for file in sorted(SOURCE.rglob("*.py"))}
PAGE = (SOURCE.parents[1] / "docs" / "codes.md").read_text("utf-8")
CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def documented(heading: str) -> list[str]:
    """Lists the codes in the tables of a section of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def calls(name: str, outside: Path | None = None) -> Iterator[ast.Call]:
    for file, tree in TREES.items():
        for node in ast.walk(tree) if outside not in file.parents else ():
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id == name:
                yield node


def is_literal(call: ast.Call) -> bool:
    """Returns whether the first argument of a call is a literal text."""
    return isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


def first_words(name: str) -> list[str]:
    """Lists the first argument of each call of a class, where it is a literal text."""
    return [call.args[0].value for call in calls(name) if is_literal(call)]


CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, PneumoscopeError)
]
DEFAULTS = [vars(kind)["code"] for kind in CLASSES]
STRINGS = {
    node.value
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}
# Below `code=`, or in a table or function that chooses among the codes of a class.
OF_RAISES = {
    part.value
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.keyword) and node.arg == "code"
    for part in ast.walk(node.value)
    if isinstance(part, ast.Constant) and part.value
} | {text for text in STRINGS if re.fullmatch(r"(archive|image|storage|bundle)-[a-z-]+", text)}
NOTICES = [code for code in first_words("Notice") if code not in TITLES]
REFUSING = {rule.name for rule in RULES if read_policy()[rule.name] is Action.REFUSE}
OF_A_MODEL = {"age"}  # refused by a model for its training patients, so that no data set shows it
FINDINGS = {
    *first_words("Finding"),
    *(code for code, *_ in _COPIES),
    *("empty", "unreadable"),
    *(f"refused-{name}" for name in REFUSING - OF_A_MODEL),
}


def test_every_error_has_a_code_that_is_documented() -> None:
    assert len(set(DEFAULTS)) == len(DEFAULTS)
    assert set(documented("Errors")) == {*DEFAULTS, *OF_RAISES}


def test_every_notice_has_a_code_of_its_own_that_is_documented() -> None:
    assert [code for code, count in Counter(NOTICES).items() if count > 1] == []
    assert set(documented("Notices")) == set(NOTICES)


def test_codes_of_notices_stand_where_they_are_made_but_for_the_gate() -> None:
    """Codes of the gate are in `TITLES` instead; others keep the code of an error."""
    made = list(calls("Notice", outside=SOURCE / "gate"))
    found = [ast.unparse(call) for call in made if not is_literal(call)]
    assert found == [
        "Notice(self.code, str(self), self.values)",
        "Notice(code, TITLES[code])",
        "Notice(code, error)",
        "Notice(str(prediction.error_code), str(prediction.error))",
    ]


def test_findings_and_checks_are_documented() -> None:
    assert set(documented("Findings of an audit")) == FINDINGS
    assert documented("Checks of the report") == [check.code for check in CHECKS]


TELLING = ("bury", "Answer", "Rejected")


def test_codes_of_dead_letters_are_documented() -> None:
    node = {file: tree for file, tree in TREES.items() if file.parent.name == "node"}
    told = {
        part.value
        for tree in node.values()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).endswith(("bury", "Answer", "Rejected"))
        for part in ast.walk(call)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    assert set(documented("Dead letters of the node")) == told


def test_no_code_means_two_things() -> None:
    sections = (
        "Errors",
        "Dead letters of the node",
        "Notices",
        "Findings of an audit",
        "Checks of the report",
    )
    codes = [code for section in sections for code in documented(section)]
    assert [code for code, count in Counter([*codes, *TITLES]).items() if count > 1] == []
    assert [code for code in codes if not CODE.fullmatch(code)] == []


WORDED = {"text", "problem", "expected", "received", "remedy", "reason", "error", "advice"}
NAMES = {*WORDED, "notice", "doubt", "remark", "warning", "finding", "statement", "message"} - {
    "text",  # of files and headers, as a rule
    "expected",
}
CUTTING = {"split", "rsplit", "partition", "rpartition", "startswith", "endswith", "find", "index"}
CUTTING |= {"removeprefix", "removesuffix", "match", "search", "fullmatch", "findall", "sub"}


def is_worded(node: ast.AST) -> bool:
    """Returns whether an expression is the text of an error, a notice or a finding."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str":
        return any(is_worded(part) for part in node.args)
    if isinstance(node, ast.Attribute):
        return node.attr in WORDED
    return isinstance(node, ast.Name) and node.id in NAMES


def cuts(node: ast.AST) -> bool:
    """Returns whether an expression parses such a text; joining its lines is allowed."""
    if isinstance(node, ast.Compare):
        looked_into = zip(node.ops, node.comparators, strict=True)
        return any(isinstance(op, (ast.In, ast.NotIn)) and is_worded(of) for op, of in looked_into)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        asked = node.func.attr in CUTTING and node.args
        return bool(asked) and any(map(is_worded, (node.func.value, *node.args)))
    return False


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("notice.startswith('Classes:')", True),
        ("'mask' in str(error)", True),
        ("error.problem.split(': ')", True),
        ("re.search('mask', doubt.text)", True),
        ("' '.join(str(error).split())", False),
        ("notice.code == 'classes'", False),
    ],
)
def test_words_that_are_looked_into_are_found(code: str, found: bool) -> None:
    assert any(map(cuts, ast.walk(ast.parse(code)))) is found


def test_no_text_is_parsed() -> None:
    found = [
        f"{file.relative_to(SOURCE)}:{node.lineno}: {ast.unparse(node)}"
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and cuts(node)
    ]
    assert found == []

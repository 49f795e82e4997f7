"""Errors say in one line what is wrong, with the remedy."""

from __future__ import annotations

import ast
import errno
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from pneumoscope import errors
from pneumoscope.cli.main import app
from pneumoscope.cli.wording import COMMANDS, options
from pneumoscope.errors import (
    DependencyError,
    PneumoscopeError,
    StorageError,
    extra_needed,
    storage_errors,
)
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.settings import Settings
from pneumoscope.node.tls import Tls


def test_message_holds_expected_received_and_remedy() -> None:
    error = PneumoscopeError("It is wrong", expected="this", received="that", remedy="Do so")
    assert str(error) == "It is wrong. Expected this. Received that. Do so."


def test_every_error_is_drawn_in_the_tree() -> None:
    raised = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, PneumoscopeError)
    ]
    assert len(raised) > 5
    for kind in raised:
        assert kind.__name__ in str(errors.__doc__)


@pytest.mark.parametrize(
    ("number", "reason", "code"),
    [
        (errno.ENOSPC, "the disk is full", "storage-full"),
        (errno.EACCES, "permission was denied", "storage-denied"),
        (errno.EROFS, "the disk is read-only", "storage-denied"),
        (errno.EEXIST, "a file stands where a folder is needed", "storage-occupied"),
        (errno.EIO, "Input/output error", "storage"),
    ],
)
def test_storage_errors_names_path_and_reason(number: int, reason: str, code: str) -> None:
    import os

    with (
        pytest.raises(StorageError, match=f"Cannot write /some/file.*{reason}") as caught,
        storage_errors("write", Path("/some/file")),
    ):
        raise OSError(number, os.strerror(number))
    assert caught.value.remedy
    assert (caught.value.code, caught.value.values) == (code, {"path": "/some/file"})


def test_extra_that_is_not_installed_is_named() -> None:
    with pytest.raises(DependencyError) as caught, extra_needed("evaluate", "An audit"):
        raise ImportError("No module named 'scipy'")
    assert caught.value.values == {"extra": "evaluate"}


def test_error_about_a_part_that_is_no_import_stays_as_it_is() -> None:
    own = DependencyError("No backend of Keras is installed", values={"extra": "jax"})
    with pytest.raises(DependencyError) as caught, extra_needed("train", "Training"):
        raise own
    assert caught.value is own


def test_code_is_that_of_the_class_or_a_closer_one() -> None:
    assert StorageError("It is wrong").code == "storage"
    assert StorageError("It is wrong", code="storage-full").code == "storage-full"


SOURCE = Path(errors.__file__).parent
# What others call so, and a command line that is written down to be run again.
FOREIGN = re.compile(r"`(pip |python |dcmconv |np\.)[^`]*`")
WRITES_COMMANDS = (SOURCE / "run" / "settings.py", "command")


def texts(file: Path) -> Iterator[str]:
    """Lists the strings of a module other than its docstrings, with `{}` in place of values."""

    def below(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef) and (file, node.name) == WRITES_COMMANDS:
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        for child in ast.iter_child_nodes(node):
            yield from below(child)

    yield from below(ast.parse(file.read_text("utf-8")))


CORE = [
    FOREIGN.sub("", text)
    for file in sorted(SOURCE.rglob("*.py"))
    if SOURCE / "cli" not in file.parents
    for text in texts(file)
]


def test_nothing_outside_the_command_line_names_its_options_and_commands() -> None:
    assert len(CORE) > 1000
    commands = "|".join(getattr(get_command(app), "commands", {}))
    # the boundary of a multipart message begins so, too
    spoken = re.compile(rf"(?<!\r\n)--[a-z{{]|pneumoscope ({commands})\b")
    assert [text for text in CORE if spoken.search(text)] == []


def test_what_errors_name_can_be_typed() -> None:
    keys = {key.name for kind in (Settings, Tls, DicomWeb) for key in fields(kind)}
    known = {*options(app), *keys, *(f"pneumoscope.{function}" for function in COMMANDS)}
    named = {
        code for text in CORE for code in re.findall(r"(?<!the extra )`([\w.]+)(?:\(.*?\))?`", text)
    }
    assert {"learning_rate", "gate", "pneumoscope.resume"} < named
    assert named <= known

"""Errors tell what is wrong, in one line, with the remedy."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pneumoscope import errors
from pneumoscope.errors import PneumoscopeError, StorageError, storage_errors


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
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "permission was denied"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_storage_errors_names_path_and_reason(number: int, reason: str) -> None:
    import os

    with (
        pytest.raises(StorageError, match=f"Cannot write /some/file.*{reason}") as caught,
        storage_errors("write", Path("/some/file")),
    ):
        raise OSError(number, os.strerror(number))
    assert caught.value.remedy

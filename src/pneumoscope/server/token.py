"""The token that a client shows to be let in."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pneumoscope.errors import SettingsError, storage_errors

VARIABLE = "PNEUMOSCOPE_TOKEN"
"""Variable of the environment that holds the token where no file is named."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,1024}=*")  # that of RFC 6750, and not too short


def find_token(file: Path | None) -> str | None:
    """Finds the token in a file, or else in the environment.

    Args:
        file: file that holds the token and nothing else; None to look in the environment alone.

    Raises:
        StorageError: if the file cannot be read.
    """
    if file is None:
        return os.environ.get(VARIABLE, "").strip() or None
    with storage_errors("read", file):
        return file.read_bytes().decode(errors="replace").strip()


def check_token(token: str) -> None:
    """Checks that a token can be sent, and not be guessed.

    Raises:
        SettingsError: if it is too short, or has characters that a header cannot hold.
    """
    if not _TOKEN.fullmatch(token):
        raise SettingsError(
            "The token is not valid",
            expected="16 to 1024 letters, digits and . _ ~ + / -",
            received=f"{len(token)} characters",  # never the token itself
            remedy="Make one with `openssl rand -hex 32`",
            code="token-not-valid",
            values={"setting": "token_file"},
        )

"""Schemathesis, which makes requests of an OpenAPI document, and checks the answers against it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("schemathesis")


def run_schemathesis(
    document: str, folder: Path, *, examples: int, options: tuple[str, ...] = ()
) -> None:
    """Runs all checks but one: no schema can say that bytes are an image, or as many as a shape.

    Args:
        document: address or path of the document.
        folder: working folder.
        examples: greatest number of requests of a kind to each operation.
        options: further options of the command.
    """
    ran = subprocess.run(
        [
            COMMAND,
            "run",
            document,
            "--exclude-checks=positive_data_acceptance",
            f"--max-examples={examples}",
            "--phases=coverage,fuzzing",
            "--seed=1",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr

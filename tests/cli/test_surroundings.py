"""What libraries are told before they are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pneumoscope.inference.network import Network
from pneumoscope.parallel import usable_cores
from tests.cli.conftest import Run

PREDICT = """
from pneumoscope.cli.main import main
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
from threadpoolctl import threadpool_info
print(*{each["num_threads"] for each in threadpool_info() if each["internal_api"] == "openblas"})
"""


@pytest.mark.skipif(usable_cores() < 2, reason="one core has one thread anyhow")
@pytest.mark.parametrize("wanted", [None, "2"])
def test_algebra_has_one_thread_or_what_the_user_says(
    wanted: str | None, bundle: Path, images: Path
) -> None:
    environment = {name: text for name, text in os.environ.items() if "_NUM_THREADS" not in name}
    if wanted:
        environment["OPENBLAS_NUM_THREADS"] = wanted
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, "predict", bundle, images],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == (wanted or "1")


def test_predict_uses_as_many_threads_as_it_is_told(
    run: Run, bundle: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def spy(given: object, threads: int) -> Network:
        used.append(threads)
        return Network(given, threads)  # type: ignore[arg-type]

    monkeypatch.setattr("pneumoscope.inference.predictor.Network", spy)
    assert run("predict", bundle, images, "--threads", 3)[0] == 0
    assert used == [3]
    assert run("predict", bundle, images, "--threads", 0)[0] == 2

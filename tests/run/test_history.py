"""The history of a run is read as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.errors import DataError
from pneumoscope.run import read_history, write_history
from pneumoscope.run.history import find_best


def test_round_trip(tmp_path: Path) -> None:
    history = {"loss": [0.1 + 0.2, 1e-9], "val_loss": [float("inf"), 0.25]}
    write_history(tmp_path, history)
    assert read_history(tmp_path) == history
    assert (tmp_path / "history.csv").read_text().startswith("epoch,loss,val_loss\n1,0.3")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "epoch,loss\n",
        "epoch,loss\n1,0.5\n2",
        "epoch,loss\n1,low\n",
        "loss\n0.5\n",
        "epoch\n1\n2,3\n",
    ],
)
def test_no_history_or_a_broken_one(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "history.csv").write_text(text)
    with pytest.raises(DataError, match=r"Cannot read .*history\.csv"):
        read_history(tmp_path)


def test_the_best_epoch_is_the_first_of_the_lowest_loss() -> None:
    assert find_best({"val_loss": [0.5, 0.3, 0.3, 0.4]}) == 1

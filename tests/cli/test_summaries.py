"""Results in brief: a sentence that says what they mean, and tables of 80 columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.cli.tables import print_table
from pneumoscope.evaluation.comparison.summary import state_difference
from pneumoscope.statistics import Estimate
from pneumoscope.tables import Table, explain_dashes, format_estimate
from tests.cli.conftest import Run

DIFFERENCES = [
    (Estimate(0.03, 0.01, 0.05), "B is better than A by 0.030 AUROC (0.010 to 0.050)."),
    (Estimate(-0.03, -0.05, -0.01), "B is worse than A by 0.030 AUROC (0.010 to 0.050)."),
    (Estimate(0.03, -0.01, 0.07), "in AUROC: by +0.030 (-0.010 to +0.070), which could be chance."),
    (Estimate(0.0, None, None), "do not differ here"),
    (Estimate(0.1, None, None), "could be chance"),
    (Estimate(None, None, None), "not computable"),
]


@pytest.mark.parametrize(("difference", "words"), DIFFERENCES)
def test_a_difference_is_said_as_its_interval_allows(difference: Estimate, words: str) -> None:
    assert words in state_difference("B", "A", "AUROC", difference)


def test_dashes_are_explained_once_and_only_where_there_is_one() -> None:
    plain = Table("", ("a",), ((format_estimate(Estimate(0.5, 0.4, 0.6)),),))
    dashed = Table("", ("a",), ((format_estimate(Estimate(1.0, None, None)),),))
    assert list(explain_dashes([plain])) == [plain]
    assert len(list(explain_dashes([dashed, plain, dashed]))) == 4


@pytest.mark.parametrize("wrap", [True, False])
def test_a_title_may_be_wider_than_its_table(
    wrap: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(Table("A title of some words", ("a",), (("1",),)), wrap=wrap)
    assert capsys.readouterr().out.startswith("A title of some words\n")


COMMANDS = [("evaluate", 1), ("compare", 2), ("stress", 1), ("check-heatmaps", 1)]


@pytest.mark.parametrize(("command", "models"), COMMANDS)
def test_a_sentence_comes_first_and_no_line_has_more_than_80_columns(
    command: str,
    models: int,
    bundle: Path,
    class_folders: Callable[..., Path],
    tmp_path: Path,
    run: Run,
) -> None:
    data = class_folders(NORMAL=12, PNEUMONIA=12)
    given = [command, *[bundle] * models, data, "-o", tmp_path / "out", "--resamples", 100]
    code, out, err = run(*given)
    assert code == 0, err
    lines = [line for line in out.splitlines() if str(tmp_path) not in line]
    assert lines[0].strip()
    assert "(95 %" not in lines[0]
    assert max(map(len, lines)) <= 80
    code, full, err = run(*given, "--full")
    assert code == 0, err
    assert len(full) > len(out)

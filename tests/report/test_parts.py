"""The parts of a report: judging gaps, runs that ended early, figures side by side."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pneumoscope.evaluation import GroupResult
from pneumoscope.evaluation.unseen import UnseenImages
from pneumoscope.plots import training_curves
from pneumoscope.report.checks import lies_below
from pneumoscope.report.groups import widest_gap
from pneumoscope.report.material import draw_part
from pneumoscope.report.section import draw, in_two_lines
from pneumoscope.report.source import read_source
from pneumoscope.statistics import Estimate
from pneumoscope.types import ImageRecord
from tests.report.conftest import write_run

UNKNOWN = Estimate(None, None, None)


def group(sensitivity: Estimate, specificity: Estimate = UNKNOWN) -> GroupResult:
    return GroupResult(9, 9, 0, {"sensitivity": sensitivity, "specificity": specificity})


def test_gap_that_no_interval_explains_goes_before_a_wider_one() -> None:
    near, far = Estimate(0.9, 0.89, 0.91), Estimate(0.8, 0.79, 0.81)
    unsure = Estimate(0.1, 0.0, 0.95)
    gap = widest_gap({"age=1": group(near), "age=2": group(far), "age=3": group(unsure)})
    assert gap is not None
    assert (gap.lowest_name, gap.highest_name, gap.apart) == ("age=2", "age=1", True)


def test_no_gap_between_kinds_or_of_what_is_unknown() -> None:
    one, other = Estimate(0.9, 0.8, 1.0), Estimate(0.1, 0.0, 0.2)
    assert widest_gap({"sex=F": group(one), "age=1": group(other)}) is None
    assert widest_gap({"sex=F": group(one), "sex=M": group(UNKNOWN)}) is None
    assert widest_gap({"sex=F": group(one)}) is None
    gap = widest_gap({"a": group(UNKNOWN, one), "b": group(UNKNOWN, Estimate(0.2, None, None))})
    assert gap is not None
    assert (gap.measure, gap.apart) == ("specificity", False)


def test_part_is_of_whole_patients() -> None:
    records = [ImageRecord(Path(f"{p}-{i}"), 0, f"p{p}") for p in range(9) for i in range(p)]
    unseen = UnseenImages(tuple(records), 5, ("broken",))
    assert draw_part(unseen, len(records), seed=0) == unseen
    part = draw_part(unseen, 12, seed=0)
    patients = {record.patient for record in part.records}
    assert part.records == tuple(r for r in records if r.patient in patients)
    assert 12 <= len(part.records) < 12 + 8
    assert {draw_part(unseen, 12, seed) for seed in range(5)} != {part}


# one, another, whether the first lies below the second for sure
BELOW = [
    (Estimate(0.5, 0.4, 0.6), Estimate(0.8, 0.7, 0.9), True),
    (Estimate(0.5, 0.4, 0.75), Estimate(0.8, 0.7, 0.9), False),
    (Estimate(0.5, 0.4, 0.6), Estimate(1.0, None, None), True),
    (Estimate(0.0, None, None), Estimate(0.8, 0.7, 0.9), True),
    (Estimate(0.5, None, None), Estimate(1.0, None, None), False),
    (UNKNOWN, Estimate(0.8, 0.7, 0.9), False),
]


@pytest.mark.parametrize(("low", "high", "expected"), BELOW)
def test_one_figure_below_another(low: Estimate, high: Estimate, expected: bool) -> None:
    assert lies_below(low, high) is expected


# losses of the validation, epochs, patience, whether it was stopped before its end
RUNS = [
    ((0.5, 0.4, 0.3), 3, 0, False),
    ((0.5, 0.4, 0.3), 4, 0, True),
    ((0.3, 0.4, 0.5), 9, 2, False),
    ((0.5, 0.3, 0.4), 9, 2, True),
    ((), 9, 2, False),
]


@pytest.mark.parametrize(("losses", "epochs", "patience", "unfinished"), RUNS)
def test_run_that_was_stopped(
    losses: tuple[float, ...], epochs: int, patience: int, unfinished: bool, tmp_path: Path
) -> None:
    rows = "".join(f"{loss},{loss}\n" for loss in losses)
    settings = {"epochs": epochs, "patience": patience}
    run = write_run(tmp_path / "run", tmp_path, f"loss,val_loss\n{rows}", settings=settings)
    assert read_source(run).unfinished is unfinished


def test_history_that_was_cut_off_is_none(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path, "loss,val_loss\n0.5,0.4\n0.3")
    assert read_source(run).history == {}


def test_figures_do_not_share_ids_and_do_not_change() -> None:
    history = {name: [0.5, 0.4] for name in ("loss", "val_loss", "accuracy", "val_accuracy")}
    one, again, other = (
        draw(training_curves(history, 2), name, alt="", caption="").svg for name in ("a", "a", "b")
    )
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    assert one == again
    assert "http" not in one


def test_estimate_in_two_lines() -> None:
    assert in_two_lines(Estimate(0.5, 0.4, 0.6)) == "0.500\n(0.400 to 0.600)"
    assert in_two_lines(UNKNOWN) == "not computable"

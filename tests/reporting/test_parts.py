"""The parts of a report: gaps between subgroups, runs that ended early, figures of one page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.evaluation import GroupResult
from pneumoscope.evaluation.heatmaps import (
    HeatmapCheck,
    Location,
    Perturbation,
    Randomisation,
    state_heatmaps,
)
from pneumoscope.evaluation.heatmaps.meaning import better_than, meaning, misses_planted
from pneumoscope.evaluation.stress.summary import lies_below
from pneumoscope.reporting.groups import widest_gap
from pneumoscope.reporting.material import _affordable
from pneumoscope.reporting.model import read_trained_model
from pneumoscope.reporting.section import draw
from pneumoscope.run import write_history
from pneumoscope.run.curves import draw_curves
from pneumoscope.statistics import FEW_PATIENTS, Estimate
from pneumoscope.tables import in_two_lines
from pneumoscope.types import Geometry
from tests.evaluation.conftest import cohort_of
from tests.reporting.conftest import write_run

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
    settings = {"epochs": epochs, "patience": patience}
    run = write_run(tmp_path / "run", tmp_path, history="", settings=settings)
    write_history(run, {"loss": list(losses), "val_loss": list(losses)})
    assert read_trained_model(run).unfinished is unfinished


def test_history_that_was_cut_off_is_none(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path, "epoch,loss,val_loss\n1,0.5,0.4\n2,0.3")
    assert read_trained_model(run).history == {}


def test_figures_do_not_share_ids_and_do_not_change() -> None:
    history = {name: [0.5, 0.4] for name in ("loss", "val_loss", "accuracy", "val_accuracy")}
    one, again, other = (
        draw(draw_curves(history, 2), name, alt="", caption="").svg for name in ("a", "a", "b")
    )
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    assert one == again
    assert "http" not in one


def test_estimate_in_two_lines() -> None:
    assert in_two_lines(Estimate(0.5, 0.4, 0.6)) == "0.500\n(0.400 to 0.600)"
    assert in_two_lines(UNKNOWN) == "\N{EN DASH}"


def heatmap_check(random: Estimate, centre: Estimate, **changes: object) -> HeatmapCheck:
    gains = {kind: {"random": random, "centre": centre} for kind in ("deletion", "insertion")}
    return HeatmapCheck(
        **{
            "model": "m",
            "version": "0",
            "architecture": "none",
            "cohort": cohort_of(np.zeros((FEW_PATIENTS, 32, 32), np.uint8)),
            "made_of": "",
            "places": (2, 2),
            "shares": (0.0, 1.0),
            "perturbation": {"all": Perturbation(1, 1, {}, {}, gains)},
            "randomisation": (),
            "location": {},
            "flat": 0,
            "unreadable": (),
            "notices": (),
            **changes,
        }
    )


MORE, UNSURE = Estimate(0.1, 0.05, 0.2), Estimate(0.1, -0.05, 0.2)

# better than random by, better than the centre by, whether it is each, words, advice
HEATMAPS = [
    (MORE, MORE, (True, True), "and more than the centre", "may be relied on to show"),
    (
        MORE,
        UNSURE,
        (True, False),
        "more than the centre of the image is not shown",
        "with care only",
    ),
    (UNSURE, MORE, (False, True), "not shown to find what the network needs", "Do not rely"),
    (UNKNOWN, MORE, (None, True), "could not be measured", "the check could not be done"),
]


@pytest.mark.parametrize(("random", "centre", "better", "words", "advice"), HEATMAPS)
def test_what_heatmaps_are_worth(
    random: Estimate,
    centre: Estimate,
    better: tuple[bool | None, bool | None],
    words: str,
    advice: str,
) -> None:
    found = heatmap_check(random, centre)
    assert tuple(better_than(found, order) for order in ("random", "centre")) == better
    assert words in meaning(found)
    assert advice in state_heatmaps(found)
    assert "shuffled" not in meaning(found)
    assert "planted" not in meaning(found)


def test_shuffled_weights_and_places_are_worded() -> None:
    shuffled, within, area = (Estimate(v, v - 0.01, v + 0.01) for v in (0.123, 0.345, 0.111))
    found = heatmap_check(
        MORE,
        MORE,
        randomisation=(
            Randomisation("head", 9, MORE, MORE),
            Randomisation("all", 9, shuffled, MORE),
        ),
        location={"pneumonia": Location(1, 1, within, area, MORE, MORE, MORE)},
    )
    for estimate in (shuffled, within, area):
        assert str(estimate) in meaning(found)


@pytest.mark.parametrize(("gain", "misses"), [(MORE, False), (UNSURE, True), (UNKNOWN, True)])
def test_heatmaps_that_miss_the_planted_pneumonia(gain: Estimate, misses: bool) -> None:
    place = Location(1, 1, MORE, MORE, gain, MORE, MORE)
    assert misses_planted(heatmap_check(MORE, MORE, location={"pneumonia": place})) is misses
    assert not misses_planted(heatmap_check(MORE, MORE, location={"lungs": place}))


@pytest.mark.parametrize(("side", "images"), [(64, 300), (128, 300), (256, 75), (1024, 25)])
def test_fewer_of_larger_images(side: int, images: int) -> None:
    assert _affordable(300, Geometry(side, side)) == images


def test_a_run_says_where_the_images_of_its_manifest_are(tmp_path: Path) -> None:
    settings = {"root": str(tmp_path / "archive")}
    run = write_run(tmp_path / "run", tmp_path / "list.csv", settings=settings)
    assert read_trained_model(run).run.given.scanning.root == tmp_path / "archive"

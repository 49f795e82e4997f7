"""Drift in service: false alarms, how soon strong changes show, and the cost of counting.

Images are those of a data set that the model has not seen, in the order of patients drawn at
random, all images of a patient in a row. Runs share these images, so that their intervals hold for
this set of images alone. A change is one of `pneumoscope stress`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from pneumoscope.evaluation.cohort import Cohort, gather
from pneumoscope.imaging import Acquisition
from pneumoscope.imaging.changes import CHANGES, Grey
from pneumoscope.inference import Predictor, ReadImage, load
from pneumoscope.monitor import Counts, Observation, observe
from pneumoscope.monitor.alarm import look
from pneumoscope.monitor.basis import Basis, Reference
from pneumoscope.statistics import Resampling

_STEP = 20  # images from one look to the next
_FIRST = date(2026, 1, 1)
_NEVER = 10**9


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", type=Path, help="radiographs, as for `pneumoscope evaluate`")
    options.add_argument("--bundle", type=Path, help="by default the default model")
    options.add_argument("--runs", type=int, default=100)
    options.add_argument("--severities", type=int, nargs="+", default=[5, 3])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--cost", action="store_true", help="measure the cost alone")
    choices = options.parse_args()
    predictor = load(choices.bundle)
    basis = Basis.of(predictor.bundle)
    cohort = gather(choices.data, [predictor], Resampling())
    pixels = cohort.pixels[predictor.info.geometry]
    print(f"{predictor.info.name} on {cohort.described}\n")
    rng = np.random.default_rng(choices.seed)
    _report_cost(predictor, basis, [record.path for record in cohort.records][:300])
    if choices.cost:
        return
    _report_unchanged(basis.reference, cohort, _see(predictor, basis, pixels), choices.runs, rng)
    orders = [_draw(cohort, 200, rng) for _ in range(choices.runs)]
    print("\n| change | severity | alarm within 200 images | median of images to the alarm |")
    print("|---|---:|---:|---:|")
    for severity in choices.severities:
        for name, change in CHANGES.items():
            if change.amounts or severity == choices.severities[0]:
                seen = _see(predictor, basis, np.stack([change(x, severity) for x in pixels]))
                firsts = [_first_alarm(basis.reference, seen, order, 1) for order in orders]
                _report_changed(name, severity if change.amounts else None, firsts)


def _see(predictor: Predictor, basis: Basis, pixels: Grey) -> list[Observation]:
    whole = Acquisition(predictor.info.geometry.width, predictor.info.geometry.height)
    images = [ReadImage("-", whole, image) for image in pixels]
    return [
        observe(basis.reference, judged, predictor.record(judged).prediction)
        for judged in predictor.judge_many(images)
    ]


def _draw(
    cohort: Cohort, images: int, rng: np.random.Generator, *, again: bool = False
) -> list[int]:
    """Draws patients until there are so many images: each once, or each again and again."""
    keys, codes = np.unique(cohort.patients, return_inverse=True)
    drawn = rng.integers(0, len(keys), images) if again else rng.permutation(len(keys))
    return np.concatenate([np.flatnonzero(codes == key) for key in drawn])[:images].tolist()


def _first_alarm(
    reference: Reference, seen: Sequence[Observation], order: Sequence[int], days: int
) -> int:
    """Returns the number of images at which the alarm comes on; `_NEVER` if at none."""
    by_day: dict[date, Counts] = {}
    for number, index in enumerate(order, start=1):
        day = _FIRST + timedelta(days=(number - 1) * days // len(order))
        by_day.setdefault(day, Counts.empty(reference)).count(seen[index])
        if number % _STEP == 0 and look(reference, by_day).on:
            return number
    return _NEVER


def _report_unchanged(
    reference: Reference,
    cohort: Cohort,
    seen: Sequence[Observation],
    runs: int,
    rng: np.random.Generator,
) -> None:
    print("| 500 unchanged images, looked at after each 20 | runs without alarm |\n|---|---:|")
    for name, again, days in (
        ("in one day, each image once", False, 1),
        ("in five days, each image once", False, 5),
        ("in one day, patients drawn again and again", True, 1),
    ):
        drawn = (_draw(cohort, 500, rng, again=again) for _ in range(runs))
        silent = [_first_alarm(reference, seen, order, days) == _NEVER for order in drawn]
        print(f"| {name} | {_fraction(silent)} |")


def _report_changed(name: str, severity: int | None, firsts: Sequence[int]) -> None:
    middle = np.median(firsts)
    shown = f"{middle:.0f}" if middle < _NEVER / 2 else "more than 200"
    found = _fraction([first < _NEVER for first in firsts])
    print(f"| {name} | {severity or ''} | {found} | {shown} |", flush=True)


def _fraction(found: Sequence[bool]) -> str:
    test = binomtest(sum(found), len(found)).proportion_ci(method="exact")
    return f"{sum(found)} of {len(found)} ({test.low:.2f} to {test.high:.2f})"


def _report_cost(predictor: Predictor, basis: Basis, paths: Sequence[Path]) -> None:
    """Measures processor time of predicting files, and of counting what was judged of them."""
    predicting, counting = [], []
    for _ in range(5):
        counts, spent, began = Counts.empty(basis.reference), 0.0, time.process_time()
        for judged in predictor.judge_many(paths):
            record, before = predictor.record(judged).prediction, time.thread_time()
            counts.count(observe(basis.reference, judged, record))
            spent += time.thread_time() - before
        predicting.append(time.process_time() - began - spent)
        counting.append(spent)
    began = time.process_time()
    for _ in range(20):
        look(basis.reference, {_FIRST + timedelta(days=n): counts for n in range(30)})
    looking = (time.process_time() - began) / 20
    one, other = (1e3 * np.median(times) / len(paths) for times in (predicting, counting))
    print(f"Predicting {one:.2f} ms of processor time an image, counting {other:.3f} ms more: ")
    print(f"{other / one:.1%}. A look at 30 days: {1e3 * looking:.1f} ms.\n")


if __name__ == "__main__":
    main()

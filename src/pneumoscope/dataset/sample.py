"""A random sample of a data set, for a trial."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pneumoscope.errors import out_of_range
from pneumoscope.notices import Notice
from pneumoscope.pseudonym import is_pseudonym
from pneumoscope.types import ImageRecord


def draw_sample(
    records: Sequence[ImageRecord], limit: int | None, seed: int
) -> tuple[tuple[ImageRecord, ...], tuple[Notice, ...]]:
    """Draws whole patients at random, with the shares of classes and published splits as they are.

    Args:
        records: the images to draw from.
        limit: about how many images to draw, of at least 1; None for all.
        seed: seed of the draw; with the same seed, the sample is the same.

    Returns:
        The images drawn, in their order, and a notice of how many were left out, if any were.

    Raises:
        SettingsError: if `limit` is less than 1.
    """
    if limit is None:
        return tuple(records), ()
    if limit < 1:
        raise out_of_range("limit", limit, "1 or more")
    drawn = _draw(records, limit / max(len(records), 1), seed)
    sample = tuple(record for record in records if record.patient in drawn)
    left_out = len(records) - len(sample)
    if not left_out:
        return sample, ()
    text = (
        f"A trial on a random sample: {len(sample):,} of {len(records):,} images; {left_out:,} "
        "are left out, by whole patients"
    )
    values = {"limit": limit, "images": len(sample), "left_out": left_out, "seed": seed}
    return sample, (Notice("sample", text, values),)


def _draw(records: Sequence[ImageRecord], share: float, seed: int) -> set[str]:
    """Draws patients, stratum by stratum; what one is left lacking goes on to the next."""
    by_patient: dict[str, list[ImageRecord]] = {}
    for record in sorted(records, key=lambda record: str(record.path)):
        by_patient.setdefault(record.patient, []).append(record)
    # Keyed hashes differ from user to user: these stay in the order of their first path.
    keys = sorted(by_patient, key=lambda key: "" if is_pseudonym(key) else key)
    order = [keys[index] for index in np.random.default_rng(seed).permutation(len(keys))]
    strata: dict[tuple[str, int], list[str]] = {}
    for key in order:
        first = by_patient[key][0]
        strata.setdefault((str(first.split), first.label), []).append(key)
    drawn, lacking = set(), 0.0
    for _, patients in sorted(strata.items()):
        lacking += share * sum(len(by_patient[key]) for key in patients)
        for key in patients:
            if lacking <= 0:
                break
            drawn.add(key)
            lacking -= len(by_patient[key])
    return drawn

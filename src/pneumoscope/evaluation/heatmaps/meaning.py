"""A check of heatmaps in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.heatmaps.result import KINDS, HeatmapCheck


def better_than(found: HeatmapCheck, order: str) -> bool | None:
    """Tells whether the network needs what heatmaps show more than places in another order.

    Args:
        found: the check of the heatmaps.
        order: the other order, "random" or "centre".

    Returns:
        True if the intervals of both gains, of deletion and of insertion, lie above 0; None if one
        of them has no interval.
    """
    lows = [found.perturbation["all"].gains[kind][order].low for kind in KINDS]
    known = [low for low in lows if low is not None]
    return all(low > 0 for low in known) if len(known) == len(lows) else None


def misses_planted(found: HeatmapCheck) -> bool:
    """Tells whether heatmaps are not shown to lie in the planted pneumonia more than by chance."""
    place = found.location.get("pneumonia")
    return place is not None and (place.gain.low is None or place.gain.low <= 0)


def meaning(found: HeatmapCheck) -> str:
    """Words each measurement of the check in a sentence."""
    return " ".join(_sentences(found))


def _sentences(found: HeatmapCheck) -> Iterator[str]:
    random, centre = (better_than(found, order) for order in ("random", "centre"))
    if random is None:
        yield "Whether the network needs what the heatmaps show could not be measured."
    elif not random:
        yield (
            "The heatmaps are not shown to find what the network needs better than random places "
            "do."
        )
    elif centre:
        yield (
            "The network needs the places that the heatmaps show more than random ones, and more "
            "than the centre of the image."
        )
    else:
        yield (
            "The network needs the places that the heatmaps show more than random ones. That it "
            "needs them more than the centre of the image is not shown."
        )
    for part in found.randomisation:
        if part.layers == "all":
            yield (
                f"With all weights shuffled, heatmaps have a correlation of {part.signed} with "
                "those of the trained network: at 1 they would show the image and nothing that "
                "was learnt."
            )
    if "pneumonia" in found.location:
        place = found.location["pneumonia"]
        yield (
            f"A fraction of {place.mass} of the heatmap lies within the planted pneumonia; by "
            f"chance it would be {place.area}."
        )

"""Sentences and tables of a calibration at a site."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.site.gain import DIVISIONS
from pneumoscope.site.result import SiteCalibration
from pneumoscope.tables import Part, Table, format_estimate, format_value, in_two_lines
from pneumoscope.task import positive_name

_CHANCE = 0.5
_VERDICTS = {1: "better", 0: "not shown", -1: "worse"}


def summarise_calibration(found: SiteCalibration) -> Iterator[Part]:
    """Says what a calibration gained, and tabulates that and the operating points."""
    yield state_calibration(found)
    if found.gains:
        yield tabulate_gains(found)
    yield tabulate_points(found)
    yield describe_fit(found)


def state_calibration(found: SiteCalibration) -> str:
    """Says in a sentence or two what was gained, or that nothing was."""
    return _state_gains(found) if found.shift is None else _state_shift(found)


def tabulate_gains(found: SiteCalibration) -> Table:
    """Tabulates the measures before and after, on patients that were not fitted to."""
    rows = tuple(
        (
            TITLES[name],
            *map(in_two_lines, (gain.before, gain.after, gain.difference)),
            _VERDICTS[gain.direction],
        )
        for name, gain in found.gains.items()
    )
    columns = ("measure", "before", "after", "difference", "gain")
    return Table("On local patients that were not fitted to", columns, rows)


def tabulate_points(found: SiteCalibration) -> Table:
    """Tabulates the operating points of the parent and of the site bundle."""
    sides = {"parent": found.parent.operating_points, "site": found.info.operating_points}
    rows = tuple(
        (
            side,
            point.name,
            f"{point.threshold:.4f}",
            *(
                in_two_lines(each) if each else "not known"
                for each in (point.sensitivity, point.specificity)
            ),
        )
        for side, points in sides.items()
        for point in points
    )
    columns = ("of", "operating point", "threshold", "sensitivity", "specificity")
    return Table("Operating points, by the patients that they were chosen on", columns, rows)


def describe_fit(found: SiteCalibration) -> str:
    """Says what was fitted to how many images, and what the gate does now."""
    fitted, site = found.info.calibration, found.site
    assert fitted is not None
    biases = ", ".join(f"{bias:.3f}" for bias in fitted.biases[1:])
    lines = [
        f"Upon the probabilities of {found.parent.name}: temperature {fitted.temperature:.3f}, "
        f"bias {biases}; {site.images:,} images of {site.patients:,} patients, of which "
        f"{100 * site.prevalence:.1f} % positive"
    ]
    if found.gains:
        lines.append(
            f"Each half of the patients measured by what the other half was fitted to, mean of "
            f"{DIVISIONS} divisions"
        )
    zone = found.info.operating_points[0].undecided
    if zone is not None and found.gains:
        lines.append(
            f"Undecided from {zone.low:.4f} to {zone.high:.4f}: fraction of the local images "
            f"{format_estimate(zone.share)}, of the others misclassified "
            f"{format_estimate(zone.error)}"
        )
    if (gate := found.info.gate) is not None:
        lines.append(
            f"Refuses above a distance of {gate.refuse.distance:.2f} in "
            f"{gate.scored_text}, expected of {100 * gate.refuse.share:.1f} % of images "
            f"like those of its {gate.patients:,} patients"
        )
    whose = "the local images" if site.reference == "local" else found.parent.name
    lines.append(f"Drift is measured from {whose}")
    return "\n".join(lines)


def _state_gains(found: SiteCalibration) -> str:
    changes = [
        f"{TITLES[name]} {format_value(gain.before.value)} before and "
        f"{format_value(gain.after.value)} after"
        for name, gain in found.gains.items()
        if name in ("log_loss", "sensitivity", "specificity")
    ]
    return (
        f"{_judge(found)}, on patients that were not fitted to: {', '.join(changes)}. AUROC "
        f"{found.auroc}, which no calibration changes{_doubt(found)}."
    )


def _doubt(found: SiteCalibration) -> str:
    low = None if found.auroc is None else found.auroc.low
    doubtful = low is not None and low <= _CHANCE
    return ": that cannot be distinguished from chance" if doubtful else ""


def _judge(found: SiteCalibration) -> str:
    """Says whether probabilities (by log-loss) and labels (by balanced accuracy) are better."""
    directions = {
        "probabilities": found.gains["log_loss"].direction,
        "labels": found.gains["balanced_accuracy"].direction,
    }
    sides = {
        sign: " and ".join(what for what, direction in directions.items() if direction == sign)
        for sign in (1, -1)
    }
    lost = f", and made the {sides[-1]} worse" if sides[-1] else ""
    if not sides[1]:
        return f"It gained nothing that these patients can show{lost}"
    return f"It made the {sides[1]} better{lost}"


def _state_shift(found: SiteCalibration) -> str:
    shift = found.shift
    assert shift is not None
    return (
        f"The prevalence is estimated at {shift.prevalence}, if nothing else has changed: the "
        f"scores show nothing against that (p {shift.p:.2g}). Probabilities of "
        f"{positive_name(found.info.classes)} are restated for it; labels stay."
    )

"""The checks of a model: each words what was measured, and says whether it gives a doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pneumoscope.dataset.audit import Severity
from pneumoscope.evaluation import state_evaluation
from pneumoscope.evaluation.heatmaps.meaning import better_than, misses_planted
from pneumoscope.evaluation.stress.conditions import CLEAN, HIDDEN
from pneumoscope.evaluation.stress.summary import STATED, lies_below, state_worst
from pneumoscope.files import printable
from pneumoscope.reporting.groups import widest_gap
from pneumoscope.reporting.material import NOT_MEASURED, Material, OfPixels
from pneumoscope.reporting.verdict import Level, Statement, Verdict
from pneumoscope.statistics import Estimate

_NO_INTERVAL = "No confidence interval could be computed."
_NOTABLE_REFUSALS = 0.1  # of all images: more, and the figures on accepted ones say little
_NOTABLE_ECE = 0.05  # probabilities that are off by this much mislead whoever reads them


Found = tuple[Level, str]
"""The level of a check, and a text of what was measured."""


@dataclass(frozen=True)
class Check:
    """A check of a model.

    Attributes:
        code: name of the check, for programs: never renamed, and documented.
        topic: title of the check, for people.
        find: the function that judges the measurements.
    """

    code: str
    topic: str
    find: Callable[[Material], Found]


def judge(material: Material) -> Verdict:
    """Makes all checks."""
    return Verdict(tuple(Statement(c.code, c.topic, *c.find(material)) for c in CHECKS))


def discrimination(material: Material) -> Found:
    """Judges whether the model discriminates between the classes on unseen patients."""
    others = "the same data" if material.same_collection else "other data"
    text = f"{state_evaluation(material.evaluation)} The patients are of {others}."
    auroc = material.evaluation.overall.estimates["auroc"]
    if auroc.value is not None and auroc.low is None:
        return Level.INFO, text
    return Level.FINE if (auroc.low or 0) > 0.5 else Level.WARNING, text


def population(material: Material) -> Found:
    """Names the patients for whom the figures hold."""
    known = [each.population for each in material.attributions if each.population]
    whom = f"images of {'; '.join(known)}" if known else "images like these, of unknown origin"
    text = f"The figures hold for {whom}. Nothing was measured for anybody else."
    return Level.INFO, text


def soundness(material: Material) -> Found:
    """Judges whether the data and the run are sound enough for the figures to be right."""
    findings = material.pixels.audit.findings if material.pixels else ()
    faults = [f for f in findings if f.severity is Severity.INVALIDATING]
    if faults:
        text = "; ".join(f"{fault.text}" for fault in faults)
        return Level.INVALIDATING, f"The audit found: {text}."
    calibration = material.info.calibration
    doubts = [doubt.text for doubt in calibration.doubts] if calibration else []
    if changed := changed_counts(material):
        doubts.append(changed)
    if material.model.unfinished:
        done, planned = len(material.model.history["loss"]), material.info.settings["epochs"]
        doubts.append(f"Training was interrupted: {done} of at most {planned} epochs")
    if doubts:
        return Level.WARNING, ". ".join(doubts) + "."
    if material.pixels is None:
        return Level.INFO, f"{NOT_MEASURED}. Nothing speaks against the run."
    return Level.FINE, (
        "No copies under two labels or in two published splits, no patient in two of them."
    )


def changed_counts(material: Material) -> str:
    """Words how the measured images differ from those that the run held out; empty if not."""
    scored = material.evaluation.scored
    expected = sum(material.held_out.values())
    found = len(scored.paths) + len(material.evaluation.cohort.unreadable)
    if not material.own_data or not material.held_out or expected == found:
        return ""
    return (
        f"The run held out {expected:,} images and {found:,} are unseen now: the data has "
        "changed since, or holds other images of these patients"
    )


def stress(pixels: OfPixels) -> Found:
    """Judges how much the model degrades on images changed as another hospital might."""
    model = pixels.stressed
    clean, worst = model.conditions[CLEAN], model.worst
    text = state_worst(model, pixels.stress.changes)
    if all(side[measure].low is None for side in (clean, worst) for measure in STATED):
        return Level.INFO, f"{text} {_NO_INTERVAL}"
    apart = any(lies_below(worst[measure], clean[measure]) for measure in STATED)
    return Level.WARNING if apart else Level.FINE, text


def without_lungs(pixels: OfPixels) -> Found:
    """Judges whether the model needs the lungs to predict the class."""
    hidden = pixels.stressed.conditions[HIDDEN]["auroc"]
    if hidden.low is None or hidden.high is None:
        return Level.INFO, f"AUROC {hidden}."
    predicts = hidden.low > 0.5 or hidden.high < 0.5
    meaning = "it predicts the class from the rest of the image" if predicts else "as by chance"
    level = Level.WARNING if predicts else Level.FINE
    return level, f"AUROC {hidden}: {meaning}."


def shortcuts(pixels: OfPixels) -> Found:
    """Judges whether the data has shortcuts, which are easier to learn than the disease."""
    finding = next(f for f in pixels.audit.findings if f.code == "shortcut")
    if pixels.audit.shortcut is None:
        return Level.INFO, f"{finding.text}."
    warns = finding.severity >= Severity.WARNING
    return Level.WARNING if warns else Level.FINE, f"{finding.text}."


def drift(material: Material) -> Found:
    """Judges whether these images are like the training images."""
    found = material.evaluation.drift
    if found.missing:
        return Level.INFO, f"Not computable: {found.missing}."
    sizes = {name: shift.reading for name, shift in found.shifts.items() if shift}
    moved = {n: size for n, size in sizes.items() if size in ("moderate", "large")}
    if not moved:
        return Level.FINE, f"Little drift, or no more than by chance: {_listed(sizes)}."
    text = "; ".join(f"{size} in {name}" for name, size in moved.items())
    level = Level.WARNING if "large" in moved.values() else Level.INFO
    return level, f"The drift is {text}."


def subgroups(material: Material) -> Found:
    """Judges whether the model performs alike on all subgroups."""
    gap = widest_gap(material.evaluation.subgroups)
    if gap is None:
        return Level.INFO, "Not computable: fewer than two subgroups are known."
    text = (
        f"{gap.measure.capitalize()} is {gap.lowest} for {printable(gap.lowest_name)} and "
        f"{gap.highest} for {printable(gap.highest_name)}."
    )
    if not gap.known:
        return Level.INFO, f"{text} Whether they differ cannot be told without an interval."
    return Level.WARNING if gap.apart else Level.FINE, text


def calibration(material: Material) -> Found:
    """Judges whether the probabilities are calibrated."""
    fitted = material.info.calibration
    ece = material.evaluation.overall.estimates["ece"]
    if fitted is None or not fitted.fitted:
        text = f"Not calibrated: they rank images, but are not frequencies of disease (ECE {ece})."
        return Level.WARNING, text
    text = (
        f"They are off by {_short(ece)} on average (ECE), at a prevalence of "
        f"{100 * float(material.evaluation.scored.positive.mean()):.1f} %. They "
        f"hold at {100 * fitted.prevalence:.1f} %, and at no other."
    )
    if ece.value is None:
        return Level.INFO, text
    return Level.WARNING if ece.value > _NOTABLE_ECE else Level.FINE, text


def refusal(material: Material) -> Found:
    """Judges whether the model refuses images that it cannot judge."""
    levels, found, coverage = material.info.gate, material.refusals, material.evaluation.coverage
    if levels is None or found is None or coverage is None:
        text = "It refuses nothing: any image at all gets a label."
        return Level.WARNING, text
    beyond, expected = found.beyond, levels.refuse.share
    text = (
        f"It refuses {coverage.refused:,} of these {coverage.images:,} images. The fraction beyond "
        f"its level of refusal is {beyond}; {expected:.3f} was expected."
    )
    if coverage.refused > _NOTABLE_REFUSALS * coverage.images:
        return Level.WARNING, f"{text} So many are left without a label."
    if beyond.low is None:
        return Level.INFO, f"{text} {_NO_INTERVAL}"
    return Level.WARNING if beyond.low > expected else Level.FINE, text


def heatmaps(pixels: OfPixels) -> Found:
    """Judges whether heatmaps show what the network needs."""
    random, centre = (better_than(pixels.heatmaps, order) for order in ("random", "centre"))
    if random is None:
        return Level.INFO, "Whether they show what the network needs could not be measured."
    if not random:
        text = "They are not shown to find what the network needs better than random places do."
        return Level.WARNING, text
    if misses_planted(pixels.heatmaps):
        text = "They are not shown to lie in the planted pneumonia more than by chance."
        return Level.WARNING, text
    more = "and better than the centre does" if centre else "but are not shown to beat the centre"
    return Level.FINE, f"They find what the network needs better than random places do, {more}."


def _of_pixels(find: Callable[[OfPixels], Found]) -> Callable[[Material], Found]:
    """Makes a check of what takes pixels: without them it says that nothing was measured."""

    def judge_pixels(material: Material) -> Found:
        return find(material.pixels) if material.pixels else (Level.INFO, f"{NOT_MEASURED}.")

    return judge_pixels


CHECKS = (
    Check("discrimination", "Discrimination", discrimination),
    Check("population", "Population", population),
    Check("soundness", "Data and run", soundness),
    Check("stress", "Changed images", _of_pixels(stress)),
    Check("without-lungs", "Lungs covered", _of_pixels(without_lungs)),
    Check("shortcuts", "Shortcuts in the data", _of_pixels(shortcuts)),
    Check("drift", "Drift from the training images", drift),
    Check("subgroups", "Subgroups", subgroups),
    Check("calibration", "Probabilities", calibration),
    Check("refusal", "Refusal", refusal),
    Check("heatmaps", "Heatmaps", _of_pixels(heatmaps)),
)
"""All checks, in the order of the page; one more check is one more function, and its line here."""


def _short(estimate: Estimate) -> str:
    return "not computable" if estimate.value is None else f"{estimate.value:.3f}"


def _listed(names: dict[str, str]) -> str:
    return ", ".join(names) or "nothing was measured"

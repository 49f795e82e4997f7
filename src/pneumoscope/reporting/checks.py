"""What is asked of a model: each check words what was measured, and says whether to doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pneumoscope.dataset.audit import Severity
from pneumoscope.evaluation.stress.conditions import CLEAN, HIDDEN
from pneumoscope.files import printable
from pneumoscope.reporting.groups import widest_gap
from pneumoscope.reporting.heatmaps import better_than, misses_planted
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.verdict import Level, Statement, Verdict
from pneumoscope.statistics import Estimate

_STRESSED = {"auroc": "AUROC", "balanced_accuracy": "balanced accuracy"}
_NOTABLE_ECE = 0.05  # probabilities that are off by this much mislead whoever reads them


Found = tuple[Level, str]
"""What a check comes to, and what was measured."""


@dataclass(frozen=True)
class Check:
    """Something that is asked of a model.

    Attributes:
        code: its name, for programs: never renamed, and documented.
        topic: what is asked, for people.
        find: finds the answer.
    """

    code: str
    topic: str
    find: Callable[[Material], Found]


def judge(material: Material) -> Verdict:
    """Makes all checks."""
    return Verdict(tuple(Statement(c.code, c.topic, *c.find(material)) for c in CHECKS))


def discrimination(material: Material) -> Found:
    """Whether it tells the classes apart on patients whom it does not know."""
    scored, estimates = material.evaluation.scored, material.evaluation.overall.estimates
    auroc = estimates["auroc"]
    if auroc.value is None:
        text = f"It cannot be said: all images are of one class ({scored.counts})."
        return Level.WARNING, text
    others = "of the same data" if material.own_data else "of other data"
    text = f"AUROC {auroc} on patients {others} whom it does not know."
    if auroc.low is None:
        return Level.INFO, f"{text} How sure that is cannot be said."
    if auroc.low > 0.5:
        return Level.FINE, text
    return Level.WARNING, f"{text} That cannot be told from chance."


def population(material: Material) -> Found:
    """For whom the figures hold."""
    known = [each.population for each in material.audit.images.attributions if each.population]
    whom = f"images of {'; '.join(known)}" if known else "images like these, of unknown origin"
    text = f"For {whom}. For anybody else nothing was measured."
    return Level.INFO, text


def soundness(material: Material) -> Found:
    """Whether run and data are what the figures pretend."""
    faults = [f for f in material.audit.findings if f.severity is Severity.INVALIDATING]
    if faults:
        text = "; ".join(f"{fault.text}" for fault in faults)
        return Level.INVALIDATING, f"The audit found: {text}."
    doubts = []
    if changed := changed_counts(material):
        doubts.append(changed)
    if material.model.unfinished:
        done, planned = len(material.model.history["loss"]), material.info.settings["epochs"]
        doubts.append(f"Training was interrupted: {done} of at most {planned} epochs")
    if doubts:
        return Level.WARNING, ". ".join(doubts) + "."
    return Level.FINE, (
        "No copies under two labels or in two published splits, no patient in two of them."
    )


def changed_counts(material: Material) -> str:
    """How what was measured differs from what the run held out; empty if it does not."""
    scored = material.evaluation.scored
    expected = sum(material.held_out.values())
    found = len(scored.paths) + len(material.evaluation.cohort.unreadable)
    if not material.own_data or not material.held_out or expected == found:
        return ""
    return (
        f"The run held out {expected:,} images and {found:,} are new to it now: the data has "
        "changed since, or holds other images of these patients"
    )


def stress(material: Material) -> Found:
    """What it loses on images changed as another hospital might."""
    model = material.stressed
    clean, worst = model.conditions[CLEAN], model.worst
    parts, apart = [], False
    for measure, where in model.worst_at.items():
        if measure in _STRESSED:
            apart = apart or lies_below(worst[measure], clean[measure])
            parts.append(
                f"{_STRESSED[measure]} {worst[measure]} under {where} (unchanged: "
                f"{_short(clean[measure])}; mean: {_short(model.mean[measure])})"
            )
    if not parts:
        return Level.INFO, "It cannot be said: nothing was computable."
    text = f"The worst of {_n_changes(material)} changes: {'; '.join(parts)}."
    if all(side[measure].low is None for side in (clean, worst) for measure in _STRESSED):
        return Level.INFO, f"{text} How sure that is cannot be said."
    return Level.WARNING if apart else Level.FINE, text


def without_lungs(material: Material) -> Found:
    """Whether it needs the lungs."""
    hidden = material.stressed.conditions[HIDDEN]["auroc"]
    if hidden.low is None or hidden.high is None:
        return Level.INFO, f"AUROC {hidden}."
    tells = hidden.low > 0.5 or hidden.high < 0.5
    meaning = "the rest of the image tells it the class" if tells else "as chance would have it"
    level = Level.WARNING if tells else Level.FINE
    return level, f"AUROC {hidden}: {meaning}."


def shortcuts(material: Material) -> Found:
    """Whether the data offers what is easier to learn than the disease."""
    finding = next(f for f in material.audit.findings if f.code == "shortcut")
    if material.audit.shortcut is None:
        return Level.INFO, f"{finding.text}."
    warns = finding.severity >= Severity.WARNING
    return Level.WARNING if warns else Level.FINE, f"{finding.text}."


def drift(material: Material) -> Found:
    """Whether these images are like those of the training."""
    found = material.evaluation.drift
    if found.missing:
        return Level.INFO, f"It cannot be said: {found.missing}."
    sizes = {name: shift.reading for name, shift in found.shifts.items() if shift}
    moved = {n: size for n, size in sizes.items() if size in ("moderate", "large")}
    if not moved:
        return Level.FINE, f"Little, or no more than chance: {_listed(sizes)}."
    text = "; ".join(f"{size} in {name}" for name, size in moved.items())
    level = Level.WARNING if "large" in moved.values() else Level.INFO
    return level, f"A change that is {text}."


def subgroups(material: Material) -> Found:
    """Whether it serves all alike."""
    gap = widest_gap(material.evaluation.subgroups)
    if gap is None:
        return Level.INFO, "It cannot be said: fewer than two are known."
    text = (
        f"{gap.measure.capitalize()} is {gap.lowest} for {printable(gap.lowest_name)} and "
        f"{gap.highest} for {printable(gap.highest_name)}."
    )
    return Level.WARNING if gap.apart else Level.FINE, text


def calibration(material: Material) -> Found:
    """Whether a probability is a frequency."""
    fitted = material.info.calibration
    ece = material.evaluation.overall.estimates["ece"]
    if fitted is None or not fitted.fitted:
        text = f"Not calibrated: they order images and are no frequencies (ECE {ece})."
        return Level.WARNING, text
    text = (
        f"They are off by {_short(ece)} on average (ECE), at a prevalence of "
        f"{100 * float(material.evaluation.scored.positive.mean()):.1f} %. Fitted at "
        f"{100 * fitted.prevalence:.1f} %, they hold for no other."
    )
    off = ece.value is not None and ece.value > _NOTABLE_ECE
    return Level.WARNING if off else Level.FINE, text


def refusal(material: Material) -> Found:
    """Whether it refuses what it cannot judge."""
    levels, found, coverage = material.info.gate, material.refusals, material.evaluation.coverage
    if levels is None or found is None or coverage is None:
        text = "It refuses nothing: any picture at all gets a label."
        return Level.WARNING, text
    beyond, expected = found.beyond["refuse"], levels.refuse.share
    text = (
        f"It refuses {coverage.refused:,} of these {coverage.images:,} images. Beyond its level of "
        f"refusal lies {beyond} of them; {expected:.3f} was expected."
    )
    strange = beyond.low is not None and beyond.low > expected
    return Level.WARNING if strange else Level.FINE, text


def heatmaps(material: Material) -> Found:
    """Whether heatmaps show what it needs."""
    random, centre = (better_than(material.heatmaps, order) for order in ("random", "centre"))
    if random is None:
        return Level.INFO, "Whether they show what it needs cannot be said."
    if not random:
        text = "They are not shown to find what it needs better than chance does."
        return Level.WARNING, text
    if misses_planted(material.heatmaps):
        text = "They are not shown to lie in the planted pneumonia more than chance would."
        return Level.WARNING, text
    more = "and than the centre" if centre else "but are not shown to beat the centre"
    return Level.FINE, f"They find what it needs better than chance, {more}."


CHECKS = (
    Check("discrimination", "Telling the classes apart", discrimination),
    Check("population", "For whom", population),
    Check("soundness", "Data and run", soundness),
    Check("stress", "Changed images", stress),
    Check("without-lungs", "Lungs covered", without_lungs),
    Check("shortcuts", "Shortcuts in the data", shortcuts),
    Check("drift", "Distance from the training", drift),
    Check("subgroups", "Subgroups", subgroups),
    Check("calibration", "Probabilities", calibration),
    Check("refusal", "Refusal", refusal),
    Check("heatmaps", "Heatmaps", heatmaps),
)
"""One more check is one more function, and its line here."""


def lies_below(low: Estimate, high: Estimate) -> bool:
    """Whether the interval of one lies below that of the other.

    Where one of the two has none, as a perfect figure has, its value stands for it.
    """
    if low.value is None or high.value is None or low.high is high.low is None:
        return False
    ends = (
        low.value if low.high is None else low.high,
        high.value if high.low is None else high.low,
    )
    return ends[0] < ends[1]


def _short(estimate: Estimate) -> str:
    return "not computable" if estimate.value is None else f"{estimate.value:.3f}"


def _n_changes(material: Material) -> int:
    return sum(condition.group is not None for condition in material.stress.conditions)


def _listed(names: dict[str, str]) -> str:
    return ", ".join(names) or "nothing was measured"

"""The section on the images that the model refuses."""

from __future__ import annotations

from pneumoscope.evaluation.coverage import Coverage
from pneumoscope.evaluation.figures import refusal_figure
from pneumoscope.evaluation.refusals import KEPT, Refusals
from pneumoscope.gate import TITLES, GateLevel, GateLevels
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Drawing, Section, draw
from pneumoscope.tables import DASH, Table


def refusal(material: Material) -> Section:
    """Makes the section of the levels of the gate, of its refusals, and of refusing more."""
    levels, found = material.info.gate, material.refusals
    coverage = material.evaluation.coverage
    content: dict[str, object] = {"levels": None}
    if levels and found and coverage:
        content = {
            "levels": _levels(levels, found),
            "chosen_on": levels,
            "counts": _counts(material, found, coverage),
            "reasons": _reasons(found) if found.reasons or found.warnings else None,
            "curve": _curve(material, found, coverage),
        }
    return Section("refusal", "Refusal", content)


def _levels(levels: GateLevels, found: Refusals) -> Table:
    refuse = levels.refuse
    rows = [_level("refused", levels.scored_text, refuse, str(found.beyond))]
    rows += [_level("warned of", name, level, DASH) for name, level in levels.warn.items()]
    columns = ("", "distance of the", "above", "fraction expected", "measured here (95 % interval)")
    return Table("Levels of the distances from the training images", columns, tuple(rows))


def _level(action: str, name: str, level: GateLevel, measured: str) -> tuple[str, ...]:
    return action, name, f"{level.distance:.2f}", f"{level.share:.3f}", measured


def _counts(material: Material, found: Refusals, coverage: Coverage) -> Table:
    everything = material.evaluation.overall.estimates["accuracy"]
    accepted = coverage.images - coverage.refused
    right = coverage.refused - found.wrong
    rows = (
        ("all", f"{coverage.images:,}", str(everything)),
        ("accepted", f"{accepted:,}", str(coverage.accuracy or "none accepted")),
        ("of these with a warning", f"{found.warned:,}", ""),
        (
            "refused",
            f"{coverage.refused:,}",
            f"{right:,} would have been right",
        ),
    )
    caption = f"Accepted and refused of {material.evaluation.scored.counts}"
    return Table(caption, ("", "images", "accuracy (95 % interval)"), rows)


def _reasons(found: Refusals) -> Table:
    rows = tuple(
        (TITLES[code], f"{found.reasons.get(code, 0):,}", f"{found.warnings.get(code, 0):,}")
        for code in {**found.reasons, **found.warnings}
    )
    caption = "Images by reason; an image may have several"
    return Table(caption, ("reason", "refused", "warned of"), rows)


def _curve(material: Material, found: Refusals, coverage: Coverage) -> Drawing:
    scored = material.evaluation.scored
    at = {name: curve.accuracy for name, curve in found.curves.items()}
    half = int(abs(KEPT - 0.5).argmin())
    return draw(
        refusal_figure(found, 1 - coverage.refused / coverage.images, scored.counts),
        "coverage",
        alt="Accuracy on the images kept as more and more are refused. On all: "
        f"{at['unsure'][-1]:.3f}. On half of them: {at['unsure'][half]:.3f} if the least confident "
        f"predictions are refused first, {at['unlike'][half]:.3f} if the images least like the "
        "training images are.",
        caption="Accuracy if more images were refused. Where a curve rises, mistakes are refused "
        "first; where it is flat, correct and wrong predictions alike. Bands: pointwise 95 % "
        "intervals.",
    )

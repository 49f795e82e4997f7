"""The section on the calibration of the probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pneumoscope.evaluation.figures import reliability_diagram
from pneumoscope.evaluation.intervals import reliability_band
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section, draw
from pneumoscope.tables import Table

_MEASURES = ("log_loss", "brier", "ece")


def calibration(material: Material) -> Section:
    """Makes the section of the reliability diagram and the measures before and after the fit."""
    found = material.evaluation
    ece = found.overall.estimates["ece"]
    band = reliability_band(found.scored, found.cohort.resampling)
    whose = "local" if material.info.chosen_locally else "validation"
    columns = (
        "measure",
        f"{whose},\nbefore",
        f"{whose},\nafter",
        "held out, before\n(95 % interval)",
        "held out, after\n(95 % interval)",
    )
    return Section(
        "calibration",
        "Calibration",
        {
            "fitted": material.info.calibration,
            "whose": whose,
            "measures": Table("Before and after calibration", columns, tuple(_rows(material))),
            "reliability": draw(
                reliability_diagram(found.scored, ece, band, found.uncalibrated),
                "reliability",
                alt=f"Observed against predicted frequency, expected calibration error {ece}.",
                caption="Observed frequency of positive images by predicted probability, and the "
                "number of images. A perfectly calibrated model lies on the diagonal.",
            ),
        },
    )


def _rows(material: Material) -> Iterator[tuple[str, ...]]:
    fitted = material.info.calibration
    before: Mapping[str, float | None] = fitted.before if fitted else {}
    after: Mapping[str, float | None] = fitted.after if fitted else {}
    for name in _MEASURES:
        values = (side.get(name) for side in (before, after))
        cells = ("not known" if value is None else f"{value:.4f}" for value in values)
        undone = material.evaluation.uncalibrated
        held_out = str(undone.estimates[name]) if undone else "not known"
        yield TITLES[name], *cells, held_out, str(material.evaluation.overall.estimates[name])

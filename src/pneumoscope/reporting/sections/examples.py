"""Single radiographs with what the model went by, and its most confident mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from pneumoscope.evaluation.gallery import Sample, worst_mistakes
from pneumoscope.evaluation.write import samples
from pneumoscope.pages import data_uri
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.statistics import IntArray

_MISTAKES = 12


@dataclass(frozen=True)
class Shown:
    """A radiograph of the page.

    Attributes:
        sample: what was said of it.
        image: as a data URI.
        overlay: the same under its heatmap.
    """

    sample: Sample
    image: str
    overlay: str


def mistakes(material: Material) -> Section:
    """The mistakes that the model was surest of."""
    scored = material.evaluation.scored
    wrong = int((scored.predicted != scored.labels).sum())
    shown = pictures(material, worst_mistakes(scored, _MISTAKES))
    return Section("mistakes", "Worst mistakes", {**shown, "wrong": wrong})


def pictures(material: Material, chosen: IntArray) -> dict[str, object]:
    """What `_shown.html.j2` shows of the images of these indices."""
    scored = material.evaluation.scored
    shown = [
        Shown(
            sample,
            data_uri(sample.image),
            "" if sample.overlay is None else data_uri(sample.overlay),
        )
        for sample in samples(scored, chosen, material.predictor)
    ]
    return {"shown": shown, "positive": scored.positive_name}

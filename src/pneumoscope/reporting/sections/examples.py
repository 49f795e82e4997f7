"""Single radiographs with their heatmaps, and the section on the most confident mistakes."""

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
    """A radiograph on the page.

    Attributes:
        sample: the prediction and the true class.
        image: the radiograph, as a data URI.
        overlay: the radiograph overlaid with its heatmap, as a data URI; empty without a heatmap.
    """

    sample: Sample
    image: str
    overlay: str


def mistakes(material: Material) -> Section:
    """Makes the section of the mistakes that the model was most confident of."""
    scored = material.evaluation.scored
    if material.pixels is None:
        return Section("mistakes", "Worst mistakes", None)
    wrong = int((scored.predicted != scored.labels).sum())
    shown = pictures(material, worst_mistakes(scored, _MISTAKES))
    return Section("mistakes", "Worst mistakes", {**shown, "wrong": wrong})


def pictures(material: Material, chosen: IntArray) -> dict[str, object]:
    """Makes the values that `_shown.html.j2` shows of the images of these indices."""
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

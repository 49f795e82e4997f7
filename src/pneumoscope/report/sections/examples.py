"""Single radiographs with what the model went by: right ones, and its most confident mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from pneumoscope.evaluation.gallery import Sample, right_examples, worst_mistakes
from pneumoscope.evaluation.report import samples
from pneumoscope.pages import data_uri
from pneumoscope.report.material import Material
from pneumoscope.report.section import Section
from pneumoscope.statistics import IntArray

_RIGHT, _MISTAKES = 8, 12


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


def explanations(material: Material) -> Section:
    """Right predictions with their heatmaps."""
    chosen = right_examples(material.evaluation.scored, _RIGHT, seed=material.evaluation.seed)
    return Section("explanations", "Explanations", _content(material, chosen))


def mistakes(material: Material) -> Section:
    """The mistakes that the model was surest of."""
    scored = material.evaluation.scored
    wrong = int((scored.predicted != scored.labels).sum())
    shown = _content(material, worst_mistakes(scored, _MISTAKES))
    return Section("mistakes", "Worst mistakes", {**shown, "wrong": wrong})


def _content(material: Material, chosen: IntArray) -> dict[str, object]:
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

"""The model card, with the figures of the held-out patients."""

from __future__ import annotations

import re

from pneumoscope.errors import BundleMissingError
from pneumoscope.evaluation.tables import tabulate_overall
from pneumoscope.markdown import in_markdown, without_html
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.tables import tabulate_verdict
from pneumoscope.reporting.verdict import CLINICAL, Verdict
from pneumoscope.types import RESEARCH_NOTICE

_BEFORE = "## Not for"


def held_out_card(material: Material, verdict: Verdict) -> str:
    """Makes the card of the bundle with one more section, before the uses the model is not for.

    The card in the bundle is made while training, when these figures are not known, and stays as
    it is: its SHA-256 is part of the bundle.

    Args:
        material: all measurements.
        verdict: the results of the checks.

    Returns:
        The card, as Markdown.
    """
    try:
        card = without_html(material.predictor.bundle.card())
    except BundleMissingError:
        card = f"# {in_markdown(material.info.name)}\n\n{RESEARCH_NOTICE}\n"
    before, heading, after = card.rstrip().partition(_BEFORE)
    whole = f"{before.rstrip()}\n\n{_measured(material, verdict)}\n\n{heading}{after}".rstrip()
    return f"{whole}\n\n<!-- made of {material.evaluation.made_of} -->\n"


def bullets(card: str, heading: str) -> list[str]:
    """Returns the items of the list below a heading of a model card; empty if it has none."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", card, re.M | re.S)
    return re.findall(r"^- (.*)$", found[1], re.M) if found else []


def _measured(material: Material, verdict: Verdict) -> str:
    found = material.evaluation
    point = found.operating_point
    counts, name = in_markdown(found.scored.counts), in_markdown(point.name)
    return f"""## Measured on other patients

On {counts}, which the model was neither trained nor chosen on, at the threshold {name} \
({point.threshold:.4g}). 95 % confidence intervals: {found.cohort.resampling}.

{tabulate_overall(found).to_markdown()}

{verdict.headline} {CLINICAL}

{tabulate_verdict(verdict).to_markdown()}

{_evidence(material)}"""


def _evidence(material: Material) -> str:
    of_pixels = (
        ", changes of all severities under Robustness, what heatmaps are worth under Explanations"
    )
    return (
        "The evidence for each answer is on the page beside this card: what the model refuses "
        f"under Refusal{of_pixels if material.pixels else ''}."
    )

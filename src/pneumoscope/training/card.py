"""The model card: what a model is for, what it was made of, and what it must not be used for."""

from __future__ import annotations

from jinja2 import PackageLoader

from pneumoscope.bundle import BundleInfo
from pneumoscope.bundle.card_head import card_head
from pneumoscope.markdown import in_markdown
from pneumoscope.templates import make_environment
from pneumoscope.types import RESEARCH_NOTICE


def model_card(info: BundleInfo) -> str:
    """Makes the model card of a bundle, in Markdown (Mitchell et al. 2019, arXiv:1810.03993)."""
    environment = make_environment(PackageLoader("pneumoscope.training", "."))
    environment.filters["markdown"] = in_markdown
    body = environment.get_template("model_card.md.j2").render(info=info, notice=RESEARCH_NOTICE)
    return card_head(info) + body

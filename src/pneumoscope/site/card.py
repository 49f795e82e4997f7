"""The model card of a site bundle: what the site has changed, then the card of the parent."""

from __future__ import annotations

from jinja2 import PackageLoader

from pneumoscope.bundle import Bundle
from pneumoscope.bundle.card_head import card_head, without_head
from pneumoscope.bundle.layout import CARD
from pneumoscope.markdown import in_markdown
from pneumoscope.site.result import SiteCalibration
from pneumoscope.site.tables import describe_fit, state_calibration, tabulate_gains, tabulate_points
from pneumoscope.templates import make_environment
from pneumoscope.types import RESEARCH_NOTICE


def site_card(found: SiteCalibration, parent: Bundle) -> str:
    """Makes the model card of a site bundle, in Markdown.

    Args:
        found: what was fitted, and what that gained.
        parent: the model that it was made of.

    Raises:
        BundleCorruptError: if the card of the parent is no text.
    """
    environment = make_environment(PackageLoader("pneumoscope.site", "."))
    environment.filters["markdown"] = in_markdown
    body = environment.get_template("site_card.md.j2").render(
        info=found.info,
        found=found,
        notice=RESEARCH_NOTICE,
        statement=state_calibration(found),
        fit=describe_fit(found).split("\n"),
        gains=tabulate_gains(found) if found.gains else None,
        points=tabulate_points(found),
        card=without_head(parent.card()) if CARD in parent.files else "",
    )
    return card_head(found.info) + body

"""The report of a run: measured, judged and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.bundle import find_bundle
from pneumoscope.dataset import identify
from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.errors import SettingsError
from pneumoscope.files import write_text
from pneumoscope.notices import Notice
from pneumoscope.pages import render
from pneumoscope.reporting.acceptance import Acceptance, Goals, judge_acceptance
from pneumoscope.reporting.card import held_out_card
from pneumoscope.reporting.checks import judge
from pneumoscope.reporting.material import NOT_MEASURED, Bars, Material, measure
from pneumoscope.reporting.model import find_data, read_trained_model
from pneumoscope.reporting.section import Section
from pneumoscope.reporting.sections import SECTIONS
from pneumoscope.reporting.sections.acceptance import acceptance
from pneumoscope.reporting.verdict import CLINICAL, Verdict
from pneumoscope.results import digest, require_own

_CARD = "MODEL_CARD.md"


@dataclass(frozen=True)
class Report:
    """The files of a report, and its verdict.

    Attributes:
        page: path of the HTML page.
        card: path of the model card, in Markdown.
        verdict: the results of the checks.
        notices: notices about how the data set was understood.
        unreadable: the reason why a file could not be read, for each such file.
        seen: number of images that were left out, since they or others of their patients were
            used to make the model.
        acceptance: the result of an acceptance test; None where no goal was given.
    """

    page: Path
    card: Path
    verdict: Verdict
    notices: tuple[Notice, ...]
    unreadable: tuple[Notice, ...]
    seen: int
    acceptance: Acceptance | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain JSON types."""
        return {
            "page": str(self.page),
            "card": str(self.card),
            "verdict": self.verdict.to_dict(),
            "notices": [notice.to_dict() for notice in self.notices],
            "unreadable": [notice.to_dict() for notice in self.unreadable],
            "seen": self.seen,
            "acceptance": self.acceptance.to_dict() if self.acceptance else None,
        }


def report(
    run: Path | str,
    data: Path | str | None = None,
    output: Path | str | None = None,
    *,
    root: Path | str | None = None,
    limit: int | None = None,
    least_sensitivity: float | None = None,
    least_specificity: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    bars: Bars | None = None,
) -> Report:
    """Writes all evidence of a run as one page that needs nothing else, and as a model card.

    The data is audited, and the model is measured on the unseen images, as they are and changed.
    With a goal, the page begins with the acceptance test of a site.

    Args:
        run: the run folder, a bundle, or the name of a model that ships.
        data: the data set to measure on, or a scored folder, of which nothing is measured that
            takes pixels; by default the data that the run was trained on.
        output: path of the page; by default `report.html` in the run folder, or in
            `reports/NAME` for a model that ships. The card is written beside it, as
            `MODEL_CARD.md`.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest,
            or the one that the run was given with it.
        limit: about how many unseen images to measure on, for a trial: whole patients at random;
            by default all.
        least_sensitivity: sensitivity that the site accepts at least, above 0 and below 1; None
            for no goal.
        least_specificity: specificity that the site accepts at least; None for no goal.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap and the audit.
        bars: shows the progress of each part of the work: called with the name of the part, it
            returns a function that is called with the number of items done and of all items.

    Raises:
        BundleError: if the run has no bundle, or one that cannot be used or has other classes
            than the data.
        DataError: if the data is missing, cannot be used, or has no unseen image.
        SettingsError: if `resamples`, `seed` or a goal is out of range, if the page would lie in a
            bundle, or if the page or the card would replace one of another model or other data.
        StorageError: if the page or the card cannot be written.
    """
    goals = Goals(least_sensitivity, least_specificity)
    model = read_trained_model(run)
    page = Path(output) if output else model.root / "report.html"
    if find_bundle(page.parent) == page.parent:
        raise SettingsError(
            f"The report cannot be written into the bundle {page.parent}",
            expected="a folder of its own, or the run folder",
            remedy="Choose another `output`",
        )
    given = None if data is None else Path(data)
    found_data = find_data(model, given)
    card = page.with_name(_CARD)
    for path in (page, card):
        require_own(path, digest(model.bundle.sha256, identify(found_data)))
    material = measure(
        model,
        found_data,
        root=None if root is None else Path(root),
        limit=limit,
        resamples=resamples,
        seed=seed,
        bars=bars,
    )
    verdict = judge(material)
    accepted = judge_acceptance(material.evaluation, goals)
    write_text(page, _page(material, verdict, accepted))
    write_text(card, held_out_card(material, verdict))
    found = material.evaluation
    left_out = found.cohort.unreadable, found.cohort.seen
    return Report(page, card, verdict, found.notices, *left_out, accepted)


def _page(material: Material, verdict: Verdict, accepted: Acceptance | None) -> str:
    sections: list[Section] = [make(material) for make in SECTIONS]
    if accepted:
        sections.insert(0, acceptance(accepted))
    found = material.evaluation
    tiles = {
        "AUROC": found.overall.estimates["auroc"],
        f"Sensitivity ({found.operating_point.name})": found.overall.estimates["sensitivity"],
        f"Specificity ({found.operating_point.name})": found.overall.estimates["specificity"],
    }
    if material.pixels is not None:
        tiles["AUROC, worst change"] = material.pixels.stressed.worst["auroc"]
    return render(
        "pneumoscope.reporting",
        "report.html.j2",
        made_of=found.made_of,
        material=material,
        verdict=verdict,
        clinical=CLINICAL,
        not_measured=NOT_MEASURED,
        sections=sections,
        tiles=tiles,
    )

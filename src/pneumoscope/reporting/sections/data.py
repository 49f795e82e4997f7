"""The section on the data that the model was made with, and on its audit."""

from __future__ import annotations

import numpy as np

from pneumoscope.dataset.audit import Audit, Severity
from pneumoscope.dataset.audit.tables import tabulate_shortcut
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.tables import Table

_UNREADABLE = 20


def data(material: Material) -> Section:
    """Makes the section of counts by split and class, audit findings, and the shortcut score."""
    found = material.pixels and material.pixels.audit
    cohort = material.evaluation.cohort
    return Section(
        "data",
        "Data and audit",
        {
            "counts": _counts(material),
            "attributions": material.attributions,
            "audit": found and _audit(found),
            "notices": material.evaluation.notices,
            "seen": cohort.seen,
            "unreadable": [notice.text for notice in cohort.unreadable[:_UNREADABLE]],
            "n_unreadable": len(cohort.unreadable),
        },
    )


def _audit(found: Audit) -> dict[str, object]:
    return {
        "patients": found.patients,
        "findings": [f for f in found.findings if f.severity > Severity.INFO],
        "notes": [f for f in found.findings if f.severity is Severity.INFO],
        "shortcut": tabulate_shortcut(found.shortcut) if found.shortcut else None,
    }


def _counts(material: Material) -> Table:
    classes = material.info.classes
    trained = material.info.training_data.get("images", {})
    rows = tuple(
        (f"{split}, when trained", *(f"{counts.get(name, 0):,}" for name in classes))
        for split, counts in trained.items()
    )
    measured = np.bincount(material.evaluation.scored.labels, minlength=len(classes))
    here = ("measured here", *(f"{count:,}" for count in measured))
    return Table("Images by split and class", ("", *classes), (*rows, here))

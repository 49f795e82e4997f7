"""What has come of scoring an archive, as a table."""

from __future__ import annotations

from pneumoscope.files import printable
from pneumoscope.scale.summary import Scoring
from pneumoscope.tables import Table


def tabulate_scoring(found: Scoring) -> Table:
    """Tabulates how many images have each label, each reason for refusal, and each error."""
    kinds = (("label", found.labels), ("refused", found.reasons), ("no answer", found.errors))
    return Table(
        f"What has come of {found.scored:,} images",
        ("", "label or code", "images", "fraction"),
        tuple(
            (kind, printable(name), f"{count:,}", f"{count / found.scored:.3f}")
            for kind, counts in kinds
            for name, count in counts.items()
        ),
    )

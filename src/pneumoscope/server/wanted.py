"""What a request asks for in its query."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from pneumoscope.errors import out_of_range, unknown_choice
from pneumoscope.files import printable

HEATMAPS = ("png", "array")


@dataclass(frozen=True)
class Wanted:
    """What a request asks for.

    Attributes:
        name: name of the file, for its record only.
        operating_point: name of the threshold that makes the label; None for the service's.
        prevalence: fraction of positive images for which probabilities are restated; None if not.
        heatmap: form of the heatmap; None for none.
    """

    name: str = "-"
    operating_point: str | None = None
    prevalence: float | None = None
    heatmap: Literal["png", "array"] | None = None


def read_query(request: Request) -> Wanted:
    """Reads the query of a request.

    Raises:
        SettingsError: if it has an unknown parameter, or a value that is not valid.
    """
    query = request.query_params
    for key in query:
        if key not in Wanted.__dataclass_fields__:
            known = list(Wanted.__dataclass_fields__)
            raise unknown_choice(f"There is no parameter {printable(key)}", key, known, setting=key)
    heatmap = query.get("heatmap")
    if heatmap is not None and heatmap not in HEATMAPS:
        raise unknown_choice(
            "There is no such form of a heatmap", heatmap, HEATMAPS, setting="heatmap"
        )
    return Wanted(
        name=printable(query.get("name", "")) or "-",
        operating_point=query.get("operating_point"),
        prevalence=_number("prevalence", query.get("prevalence")),
        heatmap=heatmap,  # type: ignore[arg-type]  # it is one of these
    )


def _number(setting: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise out_of_range(setting, printable(text), "a number between 0 and 1")
    return number

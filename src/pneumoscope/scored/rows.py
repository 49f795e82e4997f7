"""The rows of a scored folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pneumoscope.imaging import picture_facts
from pneumoscope.inference import Judged
from pneumoscope.notices import Notice
from pneumoscope.scored.plan import Plan
from pneumoscope.task import positive_score
from pneumoscope.types import Prediction, Status


def make_row(
    plan: Plan, identity: Mapping[str, str | None], judged: Judged, prediction: Prediction
) -> dict[str, Any]:
    """Makes the row of an image.

    Args:
        plan: plan of the folder.
        identity: what identifies the image, by column; what is left out is null.
        judged: the image.
        prediction: its record.

    Returns:
        Values by the columns of the schema; what is left out is null.
    """
    row: dict[str, Any] = {
        **identity,
        "path": prediction.path,
        "status": prediction.status.value,
        "label": prediction.label,
        "probability": prediction.probability,
        "probabilities": [*prediction.probabilities.values()] or None,
        **_columns("reason", prediction.reasons),
        **_columns("warning", prediction.warnings),
        "gate": prediction.gate,
        "operating_point": prediction.operating_point,
        "threshold": plan.threshold,
        "prevalence": prediction.prevalence,
        "error": prediction.error,
        "error_code": prediction.error_code,
        "model": plan.model,
        "model_version": plan.model_version,
        "model_sha256": plan.model_sha256,
    }
    if prediction.status is not Status.ERROR and judged.pixels is not None:
        row["score"] = float(positive_score(judged.probabilities.astype("float64")))
        row["distance"] = prediction.distance
        row["nearest_source"] = prediction.nearest_source
        row |= vars(picture_facts(judged.pixels))
    return {name: _in_utf8(value) for name, value in row.items()}


def _columns(kind: str, notices: Sequence[Notice]) -> dict[str, list[str]]:
    found = [notice.to_dict() for notice in notices]
    return {
        f"{kind}_codes": [each["code"] for each in found],
        f"{kind}s": [each["text"] for each in found],
        f"{kind}_values": [json.dumps(each["values"]) for each in found],
    }


def _in_utf8(value: Any) -> Any:
    r"""Escapes bytes of a file name that are no text, as in `\udce9`: Parquet takes UTF-8 alone."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value

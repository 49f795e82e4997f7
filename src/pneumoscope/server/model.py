"""What the page says of the model."""

from __future__ import annotations

from typing import Any

from pneumoscope.bundle.card_head import without_head
from pneumoscope.errors import BundleError
from pneumoscope.inference import Predictor
from pneumoscope.inference.captions import FAILED, REFUSED, STRONGEST, WEAKEST, Captions
from pneumoscope.inference.csv_lines import csv_head
from pneumoscope.inference.explain import colour_bar
from pneumoscope.pages import data_uri
from pneumoscope.server.service import Service
from pneumoscope.types import RESEARCH_NOTICE


def describe(service: Service, most_printed: int) -> dict[str, Any]:
    """Describes a model for people, and the limits of the service, as plain JSON types.

    Args:
        service: the model in service.
        most_printed: greatest number of images in a PDF.
    """
    predictor = service.predictor
    info, captions = predictor.info, Captions(predictor)
    calibration = info.calibration
    return {
        "notice": RESEARCH_NOTICE,
        "model": captions.model,
        "classes": list(info.classes),
        "refused": REFUSED,
        "failed": FAILED,
        "positive": captions.positive,
        "origin": captions.origin,
        "gate": captions.gate,
        "card": _card(predictor),
        "operating_points": [
            {
                "name": point.name,
                "threshold": point.threshold,
                "expected": Captions(predictor.at(point.name, None)).expected,
            }
            for point in info.operating_points
        ],
        "operating_point": predictor.operating_point.name,
        "prevalence": calibration.prevalence if calibration and calibration.fitted else None,
        "colours": data_uri(colour_bar(240, 12)),
        "weakest": WEAKEST,
        "strongest": STRONGEST,
        "csv_head": csv_head(),
        "most_bytes": service.settings.most_bytes,
        "most_printed": most_printed,
    }


def _card(predictor: Predictor) -> str:
    try:
        return without_head(predictor.bundle.card())
    except BundleError as error:
        return str(error)

"""The two models that programs of the Open Inference Protocol find.

One takes pixels and gives probabilities, and is named as the model is; one takes image files and
gives their records, as `POST /v1/predictions` does. Pixels have no header, so the first refuses
less: it does not know what a file says of body part, view and age.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from pneumoscope.errors import ImageError
from pneumoscope.imaging import Acquisition, Source
from pneumoscope.inference import ReadImage
from pneumoscope.server.messages import Asked
from pneumoscope.server.service import Service
from pneumoscope.server.tensors import Tensor, Values, as_elements, refuse
from pneumoscope.types import Status

PLATFORM = "onnxruntime_onnx"  # as the protocol calls it
OF_RECORDS = "-records"
"""What the name of the model of records ends with."""


@dataclass(frozen=True)
class Model:
    """A model of the protocol.

    Attributes:
        name: name of the model.
        version: its only version.
        takes: its input.
        gives: its outputs.
        infer: function that computes the outputs of a request, in this order.
        parameters: facts for programs, by name.
        known: names of the parameters that a request may give.
    """

    name: str
    version: str
    takes: Tensor
    gives: tuple[Tensor, ...]
    infer: Callable[[Asked], Awaitable[Sequence[Values]]]
    parameters: Mapping[str, str] = field(default_factory=dict)
    known: tuple[str, ...] = ()

    def metadata(self) -> dict[str, Any]:
        """Makes the metadata of the model."""
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": PLATFORM,
            "inputs": [self.takes.to_dict()],
            "outputs": [tensor.to_dict() for tensor in self.gives],
            "parameters": dict(self.parameters),
        }


def models(service: Service) -> tuple[Model, Model]:
    """Makes the two models.

    Args:
        service: the model in service.
    """
    info = service.predictor.info
    points = ",".join(point.name for point in info.operating_points)
    sides = (info.geometry.height, info.geometry.width)
    classes = ",".join(info.classes)

    async def probabilities(asked: Asked) -> Sequence[Values]:
        whole = Acquisition(info.geometry.width, info.geometry.height)
        gated = "refused" in asked.outputs
        images = [ReadImage("-", whole, pixels, gated) for pixels in asked.values]
        readings = map(service.predictor.read, images)
        judged = await asyncio.gather(*map(service.judge_read, readings))
        found = [service.predictor.record(each).prediction for each in judged]
        for each, record in zip(judged, found, strict=True):
            if gated:
                service.count(each, record)
            if record.error is not None:
                raise ImageError(record.error, code=str(record.error_code))
        refused = [record.status is Status.REFUSED for record in found]
        return np.stack([each.probabilities for each in judged]), np.array(refused)

    async def records(asked: Asked) -> Sequence[Values]:
        point, prevalence = _threshold(asked.parameters)
        service.at(point, prevalence)  # or refuses before any image is read
        explain = partial(service.explain, operating_point=point, prevalence=prevalence)
        found = await asyncio.gather(*(explain(Source("-", file)) for file in asked.values))
        lines = (json.dumps(each.prediction.to_dict()).encode() for each in found)
        return [as_elements(lines)]

    return (
        Model(
            info.name,
            info.version,
            Tensor("pixels", "UINT8", sides),
            (Tensor("probabilities", "FP32", (len(info.classes),)), Tensor("refused", "BOOL")),
            probabilities,
            {"classes": classes},
        ),
        Model(
            info.name + OF_RECORDS,
            info.version,
            Tensor("file", "BYTES"),
            (Tensor("record", "BYTES"),),
            records,
            {"classes": classes, "operating_points": points},
            ("operating_point", "prevalence"),
        ),
    )


def _threshold(parameters: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """Returns the operating point and the prevalence that a request gives."""
    point, prevalence = parameters.get("operating_point"), parameters.get("prevalence")
    if point is not None and not isinstance(point, str):
        refuse("The parameter operating_point is invalid", "a string", point)
    if prevalence is not None and type(prevalence) not in (int, float):
        refuse("The parameter prevalence is invalid", "a number", prevalence)
    return point, prevalence

"""The Open Inference Protocol, version 2, over REST, with its binary tensor data extension.

Programs that know the protocol find two models: one of pixels to probabilities, named as the model,
and one of image files to the records that `POST /v1/predictions` gives. Pixels have no header, so
that the first refuses less: what a file says of its body part, view and age it does not know.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.errors import ImageError
from pneumoscope.imaging import Acquisition, Source
from pneumoscope.inference import ReadImage
from pneumoscope.server.bodies import Held, read_body
from pneumoscope.server.leaving import unless_left
from pneumoscope.server.messages import JSON_LENGTH, Asked, read_request, write_answer
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.service import Service
from pneumoscope.server.tensors import Tensor, Values, as_elements, refuse
from pneumoscope.server.traces import span
from pneumoscope.types import Status
from pneumoscope.version import __version__

PLATFORM = "onnxruntime_onnx"  # as the protocol calls it
EXTENSIONS = ("binary_tensor_data",)
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


def routes(service: Service) -> Sequence[Route]:
    """Makes the routes of the protocol.

    Args:
        service: the model in service.
    """
    known = {model.name: model for model in models(service)}

    async def server(_: Request) -> Response:
        return JSONResponse(
            {"name": "pneumoscope", "version": __version__, "extensions": list(EXTENSIONS)}
        )

    async def metadata(_: Request, model: Model) -> Response:
        return JSONResponse(model.metadata())

    async def ready(_: Request, model: Model) -> Response:
        return JSONResponse({"name": model.name, "ready": True})

    async def infer(request: Request, model: Model) -> Response:
        length = request.headers.get(JSON_LENGTH)
        with service.places.take(), Held(service.memory, service.settings.most_bytes) as held:
            body = await read_body(request, service.settings, held)
            return await unless_left(request, _infer(model, body, length))

    def of_model(
        answer: Callable[[Request, Model], Awaitable[Response]],
    ) -> Callable[[Request], Awaitable[Response]]:
        """Lets a function answer for the model that the path names."""

        async def found(request: Request) -> Response:
            model = known.get(request.path_params["name"])
            if model is None or request.path_params.get("version", model.version) != model.version:
                raise RequestError(
                    "There is no such model",
                    expected=" or ".join(f"{each.name} {each.version}" for each in known.values()),
                    code="request-unknown",
                )
            return await answer(request, model)

        return found

    kinds = (("", metadata, "GET"), ("/ready", ready, "GET"), ("/infer", infer, "POST"))
    return [
        Route("/v2", server),
        Route("/v2/", server),  # as the document of the protocol writes it
        *(
            Route(f"/v2/models/{{name}}{version}{end}", of_model(answer), methods=[method])
            for version in ("", "/versions/{version}")
            for end, answer, method in kinds
        ),
    ]


async def _infer(model: Model, body: bytes, length: str | None) -> Response:
    """Answers a request to a model.

    Args:
        model: the model.
        body: body of the request.
        length: the header `JSON_LENGTH`; None if there is none.
    """
    asked = read_request(body, length, model.takes, model.gives, model.known)
    values = await model.infer(asked)
    found = {tensor.name: (tensor, of) for tensor, of in zip(model.gives, values, strict=True)}
    content = {"model_name": model.name, "model_version": model.version}
    if asked.id is not None:
        content["id"] = asked.id
    with span("encode"):
        answer, headers = write_answer(
            content, [(*found[name], binary) for name, binary in asked.outputs.items()]
        )
    return Response(answer, headers=headers)


def _threshold(parameters: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """Returns the operating point and the prevalence that a request gives."""
    point, prevalence = parameters.get("operating_point"), parameters.get("prevalence")
    if point is not None and not isinstance(point, str):
        refuse("The parameter operating_point is invalid", "a string", point)
    if prevalence is not None and type(prevalence) not in (int, float):
        refuse("The parameter prevalence is invalid", "a number", prevalence)
    return point, prevalence

"""The Open Inference Protocol, version 2, over REST, with its binary tensor data extension."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.server.bodies import Held, read_body
from pneumoscope.server.leaving import unless_left
from pneumoscope.server.messages import JSON_LENGTH, read_request, write_answer
from pneumoscope.server.models import Model, models
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.service import Service
from pneumoscope.server.traces import span
from pneumoscope.version import __version__

EXTENSIONS = ("binary_tensor_data",)
"""Extensions of the protocol that there are here."""


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
        ready = service.ready
        return JSONResponse({"name": model.name, "ready": ready}, 200 if ready else 503)

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

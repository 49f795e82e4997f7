"""The route of predictions: `POST /v1/predictions`."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.imaging import Source
from pneumoscope.server.service import Service


def routes(service: Service) -> Sequence[Route]:
    """Makes the routes of predictions.

    Args:
        service: the model in service.
    """

    async def predict(request: Request) -> Response:
        query = request.query_params
        source = Source(query.get("name", "-"), await request.body())
        explanation = await service.explain(source, operating_point=query.get("operating_point"))
        return JSONResponse(explanation.prediction.to_dict())

    return [Route("/v1/predictions", predict, methods=["POST"])]

"""The route of drift for the page: a sentence and tables, of what was counted until now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.monitor.tables import tabulate_report
from pneumoscope.server.service import Service
from pneumoscope.tables import Table


def routes(service: Service) -> Sequence[Route]:
    """Makes the route of drift.

    Args:
        service: the model in service.
    """

    async def drift(_: Request) -> Response:
        report = await asyncio.to_thread(service.monitor.report)
        parts = [*tabulate_report(report)]
        return JSONResponse(
            {
                "sentence": report.sentence,
                "alarm": report.alarm.on,
                "images": report.counts.images,
                "tables": [asdict(part) for part in parts if isinstance(part, Table)],
                "remarks": [part for part in parts if isinstance(part, str)],
            }
        )

    return [Route("/page/drift", drift)]

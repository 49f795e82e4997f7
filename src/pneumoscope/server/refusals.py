"""Requests that are not served: each with a status of HTTP, and an answer in JSON."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pneumoscope.errors import BundleError, ImageError, PneumoscopeError, SettingsError
from pneumoscope.notices import Value

_STATUS = {
    "request-malformed": 400,
    "request-without-token": 401,
    "request-foreign": 403,
    "request-unknown": 404,
    "request-method": 405,
    "request-slow": 408,
    "request-too-large": 413,
    "request-encoded": 415,
    "request-too-often": 429,
    "service-failed": 500,
    "service-full": 503,
    "bundle-not-calibrated": 400,  # of a prevalence that was asked for
}
"""Status of HTTP by the code of an error."""


class RequestError(PneumoscopeError):
    """A request is not served.

    Args:
        problem: description of the error.
        code: code of the kind of error, which decides the status.
        expected: what would have been right.
        received: what was found instead.
        remedy: advice to the client.
        values: values for programs by name.
        headers: headers of the answer.
    """

    def __init__(
        self,
        problem: str,
        *,
        code: str,
        expected: str = "",
        received: str = "",
        remedy: str = "",
        values: Mapping[str, Value] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            problem, expected=expected, received=received, remedy=remedy, code=code, values=values
        )
        self.headers = dict(headers or {})


def failed() -> RequestError:
    """Makes the error of a fault of the program, whose own text may quote a header or a name."""
    return RequestError("The service has failed at this request", code="service-failed")


def status_of(error: PneumoscopeError) -> int:
    """Returns the status of HTTP that stands for an error."""
    if isinstance(error, RequestError | BundleError):
        return _STATUS.get(error.code, 500)
    if isinstance(error, ImageError):
        return 422
    return 400 if isinstance(error, SettingsError) else 500


def answer(error: PneumoscopeError) -> Response:
    """Makes the answer to a request that is not served."""
    status = status_of(error)
    if status == 500:  # it may name a folder of this machine
        error = failed()
    body = {"error": str(error), "code": error.code, "values": error.values}
    headers = error.headers if isinstance(error, RequestError) else None
    return JSONResponse(body, status, headers)


async def answer_error(_: Request, error: Exception) -> Response:
    """Answers an error of a route."""
    return answer(error if isinstance(error, PneumoscopeError) else failed())


async def answer_unrouted(request: Request, error: Exception) -> Response:
    """Answers a request that no route takes."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return answer(
            RequestError(
                "This address does not take such a request",
                expected=(error.headers or {}).get("Allow", ""),
                received=request.method,
                code="request-method",
                headers=error.headers,
            )
        )
    if error.status_code == 404:
        return answer(RequestError("There is nothing at this address", code="request-unknown"))
    return answer(RequestError("The request is malformed", code="request-malformed"))

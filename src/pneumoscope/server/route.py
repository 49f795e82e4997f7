"""The name of the route of a request, for what counts and traces requests."""

from __future__ import annotations

from starlette.routing import Route
from starlette.types import Scope


def route_of(scope: Scope) -> str:
    """Names the route of a request; others have no name, since clients may think of any number.

    Args:
        scope: scope of the request, once its route has been found.
    """
    endpoint = scope.get("endpoint")
    routes = scope["app"].routes if "app" in scope else ()
    for route in routes:
        if isinstance(route, Route) and route.endpoint is endpoint:
            return route.path
    return "other"

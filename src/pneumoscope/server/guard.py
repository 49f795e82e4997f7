"""The last resort: a fault of the program is answered and told, without its text."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pneumoscope.errors import PneumoscopeError
from pneumoscope.server.log import tell
from pneumoscope.server.refusals import answer, failed


class Guard:
    """Answers what the application raises.

    Args:
        app: the application.
        abandoned: function that is called when a client has left.
    """

    def __init__(self, app: ASGIApp, abandoned: Callable[[], None]) -> None:
        self._app, self._abandoned = app, abandoned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            self._abandoned()
        except Exception as error:
            if scope["type"] != "http":
                raise
            # The text of an error may hold the name of a file, or of a patient.
            code = error.code if isinstance(error, PneumoscopeError) else ""
            tell("fault", error=type(error).__name__, code=code, path=scope["path"])
            if not started:
                await answer(failed())(scope, receive, send)

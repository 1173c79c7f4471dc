"""A route of the console: served like any other, but whoever must sign in is sent to do so."""

from __future__ import annotations

from fastapi import Request, Response

from gateway import parameters
from gateway.console.signin import signing
from gateway.serving import ServedRoute


class ConsoleRoute(ServedRoute):
    def _check(self, request: Request) -> None:
        parameters.refuse_no_text(request)

    async def _refused(self, request: Request, error: Exception) -> Response:
        if isinstance(error, signing.SignInNeeded):
            return signing.answer(request, error)
        return await super()._refused(request, error)

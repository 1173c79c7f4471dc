"""How each request is served: traced, timed, logged, and its errors answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from casebus import telemetry
from gateway import problems
from gateway.runtime.context import of_request
from gateway.web import parameters
from gateway.web.shortcut import shortest

_log = logging.getLogger(__name__)
#: Asked every few seconds by probes.
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})


class ServedRoute(APIRoute):
    """A route that is traced, timed and logged by its template: a path may hold a case number."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        whole, short = super().get_route_handler(), shortest(self)
        self._known = parameters.known_of(self.dependant)

        async def served(request: Request) -> Response:
            started = time.perf_counter()
            parent = request.headers.get("traceparent")
            with telemetry.serving(request.method, self.path_format, parent) as outcome:
                try:
                    self._check(request)
                    is_short = short and not request.scope["query_string"]
                    handle = short if short and is_short and _is_as_made(request) else whole
                    response = await handle(request)
                    await _note(request, self.path_format, response.status_code)
                except Exception as error:  # noqa: BLE001 - the one place that answers errors
                    response = await self._refused(request, error)
                outcome["http.response.status_code"] = response.status_code
                self._tell(request, response.status_code, time.perf_counter() - started)
            return response

        return served

    def _check(self, request: Request) -> None:
        """Raise for a request that this route does not take."""
        parameters.refuse(request, self._known)

    async def _refused(self, request: Request, error: Exception) -> Response:
        """The answer to an error.

        A refusal is noted like an answer; if the note fails, it fails too.
        """
        response = self._answer(request, error)
        try:
            await _note(request, self.path_format, response.status_code)
        except Exception as unnoted:  # noqa: BLE001 - answered in the place of the first
            return self._answer(request, unnoted)
        return response

    def _answer(self, request: Request, error: Exception) -> Response:
        return problems.response(request, error)

    def _tell(self, request: Request, status: int, seconds: float) -> None:
        if self.path_format in _QUIET:
            return
        fields = {
            "method": request.method,
            "route": self.path_format,
            "status": status,
            "seconds": round(seconds, 4),
            "agency": getattr(request.state, "agency", None),
        }
        _log.info("request served", extra=fields)


def _is_as_made(request: Request) -> bool:
    """True if nobody, such as a test, has replaced a dependency."""
    return not request.app.dependency_overrides


async def _note(request: Request, route: str, status: int) -> None:
    gateway = of_request(request)
    await gateway.access_log.note(request, route, status)

"""A route of the console: served like any other, but it gives refusals as a page, in words."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request, Response

from casebus import telemetry
from gateway import problems
from gateway.api.health import Ready
from gateway.console.languages import language_of, words
from gateway.console.rendering import page
from gateway.console.signin import issuing, signing
from gateway.problems import KINDS
from gateway.route import ServedRoute
from gateway.web import parameters

_AWAY = 503
#: The checks of parts that may be out of reach: the others check parts within reach.
_REACHED = ("database", "broker", "directory")
#: Routes for which OAuth 2.0 requires to pass over unknown parameters (RFC 6749, 3.1 and 4.1.2):
#: another program sends them, and it may send more than we read.
OF_OTHERS = frozenset({"/console/signed-in", f"{issuing.PATH}/authorize"})
#: Status -> the words for it; any other is `error.wrong`.
_SAID = {
    403: "error.forbidden",
    404: "error.not_found",
    409: "error.wrong",
    500: "error.internal",
    _AWAY: "error.away",
}


class ConsoleRoute(ServedRoute):
    def _check(self, request: Request) -> None:
        if self.path_format in OF_OTHERS:
            parameters.refuse_no_text(request)
        else:
            super()._check(request)

    async def _refused(self, request: Request, error: Exception) -> Response:
        if KINDS[problems.code_of(error)].status == _AWAY:
            # Looked at from time to time, however many ask: the absent parts, and since when.
            request.state.ready = await request.app.state.standing.now(failing=True)
        return await super()._refused(request, error)

    def _answer(self, request: Request, error: Exception) -> Response:
        if isinstance(error, signing.SignInNeeded):
            return signing.answer(request, error)
        refused = problems.refused(request, error)
        said = _SAID.get(refused.status, "error.wrong")
        answer = page(
            request,
            "refused.html",
            getattr(request.state, "visitor", None),
            status=refused.status,
            says=words(language_of(request))(said),
            detail=refused.detail,
            errors=refused.errors,
            code=refused.code,
            trace=telemetry.trace_id(),
            away=_away(request),
            # Nothing posts a form again by itself.
            comes_back=refused.status == _AWAY and request.method == "GET",
        )
        # The page keeps its content, although a part of it cannot be loaded now.
        answer.headers["HX-Reswap"] = "none"
        return answer


def _away(request: Request) -> dict[str, datetime]:
    """The part that is out of reach, and since when. Empty for any other refusal."""
    ready: Ready | None = getattr(request.state, "ready", None)
    since = ready.failing_since if ready else {}
    return {name: since[name] for name in _REACHED if name in since}

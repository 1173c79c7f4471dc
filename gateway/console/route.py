"""A route of the console: served like any other, but refused as a page, in words."""

from __future__ import annotations

from fastapi import Request, Response

from casebus import telemetry
from gateway import parameters, problems
from gateway.console.languages import language_of, words
from gateway.console.rendering import page
from gateway.console.signin import signing
from gateway.serving import ServedRoute

#: Status -> what is said of it in words; any other is `error.wrong`.
_SAID = {
    403: "error.forbidden",
    404: "error.not_found",
    409: "error.wrong",
    500: "error.internal",
    503: "error.away",
}


class ConsoleRoute(ServedRoute):
    def _check(self, request: Request) -> None:
        parameters.refuse_no_text(request)

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
        )
        # What stands on the page stays: a part that cannot be had now is no reason to lose it.
        answer.headers["HX-Reswap"] = "none"
        return answer

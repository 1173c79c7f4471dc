"""For visitors who are not signed in: the purpose, the way in, the API's description, the state."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from gateway.console.assets import Assets
from gateway.console.headers import policy
from gateway.console.languages import COOKIE, Language
from gateway.console.rendering import THEME_COOKIE, page
from gateway.console.rooms import first_of
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current
from gateway.console.signin.signing import local

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_FRONT = "/"
_YEAR_SECONDS = 31_536_000

Next = Annotated[str, Query(max_length=2000)]


@router.get("/")
async def front(request: Request) -> Response:
    return page(request, "front.html", None, state=await request.app.state.standing.now())


@router.get("/console/")
async def begin(visitor: Current) -> Response:
    """The first room that is the visitor's."""
    return RedirectResponse(first_of(visitor).path, 303)


@router.get("/console/api")
async def reader(request: Request) -> Response:
    """The API's description in a reader that needs nothing from elsewhere."""
    answer = page(request, "api.html", None)
    # Its pictures are part of its style sheet.
    answer.headers["Content-Security-Policy"] = policy(img_src="'self' data:")
    return answer


@router.get("/console/language/{language}")
async def language(
    language: Language, back: Annotated[Next, Query(alias="next")] = "/"
) -> Response:
    return _chosen(COOKIE, language, back)


@router.get("/console/theme/{theme}")
async def theme(
    theme: Annotated[str, Path(pattern="^(light|dark)$")],
    back: Annotated[Next, Query(alias="next")] = "/",
) -> Response:
    return _chosen(THEME_COOKIE, theme, back)


@router.get("/console/static/{digest}/{name}")
async def static(request: Request, digest: str, name: str) -> Response:
    assets: Assets = request.app.state.assets
    return assets.answer(request, digest, name)


def _chosen(cookie: str, value: str, back: str) -> Response:
    """Back to the page on which it was chosen."""
    answer = RedirectResponse(back if back == _FRONT else local(back), 303)
    answer.set_cookie(cookie, value, max_age=_YEAR_SECONDS, samesite="lax", path="/")
    return answer

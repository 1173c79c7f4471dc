"""The shortest way serves as FastAPI would, and stands back where it could not."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from gateway.shapes import Shape
from gateway.web.shortcut import shortest

router = APIRouter()
CALLED: list[str] = []


class Told(Shape):
    case: str
    who: str
    limit: int
    raw: bytes = b"\x01"


async def who(request: Request) -> str:
    CALLED.append("who")
    return request.headers.get("x-who", "nobody")


async def greeted(name: Annotated[str, Depends(who)]) -> str:
    return f"dear {name}"


Who = Annotated[str, Depends(who)]
Greeted = Annotated[str, Depends(greeted)]


@router.get("/cases/{case}", status_code=202)
async def one(case: str, name: Who, greeting: Greeted, response: Response, limit: int = 7) -> Told:
    response.headers["Location"] = f"/there/{name}"
    return Told(case=case, who=greeting, limit=limit)


@router.get("/asked")
async def asked(must: Annotated[str, Query()]) -> Told:
    return Told(case=must, who="", limit=0)


@router.get("/counted/{number}")
async def counted(number: int) -> Told:
    return Told(case=str(number), who="", limit=0)


@router.post("/bodies")
async def bodies(told: Told) -> Told:
    return told


@router.get("/listed")
async def listed() -> list[str]:
    return []


def route(name: str) -> Any:
    return next(one for one in router.routes if getattr(one, "name", "") == name)


@pytest.mark.parametrize("name", ["asked", "counted", "bodies", "listed"])
def test_what_takes_more_than_a_path_and_a_key_is_left_to_fastapi(name: str) -> None:
    assert shortest(route(name)) is None


async def test_an_answer_is_the_same_by_either_way_and_each_dependency_is_asked_once() -> None:
    app = FastAPI()
    app.include_router(router)
    short = shortest(route("one"))
    assert short is not None

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        request = Request({**scope, "path_params": {"case": "c1"}}, receive)
        await (await short(request))(scope, receive, send)

    answers, calls = [], []
    for served in (app, serve):
        CALLED.clear()
        transport = httpx.ASGITransport(app=served)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.get("/cases/c1", headers={"x-who": "PSB"})
        answers.append((answer.status_code, answer.json(), sorted(answer.headers.items())))
        calls.append(list(CALLED))
    assert answers[0] == answers[1]
    assert answers[0][1] == {"case": "c1", "who": "dear PSB", "limit": 7, "raw": "01"}
    assert calls == [["who"], ["who"]]

"""查询: the viewer's cases by conditions or by the text in the box; as files too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from casebus.events.legaltime import CHINA
from casebus.spreadsheets import CSV, XLSX, csv_of, xlsx_of
from gateway.console.languages import language_of, words
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.search.asking import MOST_ROWS, SearchQuery
from gateway.console.search.columns import COLUMNS, CaseTeller, chosen
from gateway.console.search.conditions import Typed, address
from gateway.console.signin.current import Current
from gateway.figures.rules import rules
from gateway.runtime.context import Context, Database
from gateway.web import paging
from storage import views
from storage.searching import Sort

router = APIRouter(route_class=ConsoleRoute, prefix="/console/search", include_in_schema=False)
PAGE_ROWS = 100
#: More agencies make the page long: their names are typed then.
_MOST_NAMES = 500
STATES = ("overdue", "running", "unconfirmed", "breached", "paused", "met", "met_late", "lapsed")


async def asked_of(
    *,
    request: Request,
    visitor: Current,
    gateway: Context,
    database: Database,
    typed: Annotated[Typed, Query()],
    sort: Sort = "-changed",
) -> SearchQuery:
    asked = SearchQuery(request, visitor, gateway, database, sort)
    return await asked.read(typed.model_dump())


Asks = Annotated[SearchQuery, Depends(asked_of)]
Columns = Annotated[list[str] | None, Query()]


@router.get("")
async def search(
    *, request: Request, asked: Asks, columns: Columns = None, cursor: paging.Cursor = None
) -> Response:
    pairs = request.query_params.multi_items()
    if asked.place:
        return RedirectResponse(asked.place, 303)
    if any(not one for _, one in pairs):
        # Empty fields of a form are dropped, so that people can send the address to others.
        return RedirectResponse(f"/console/search?{address(pairs)}", 303)
    found = await asked.found(cursor=cursor, limit=PAGE_ROWS, count=True)
    gateway, visitor = asked.gateway, asked.visitor
    known = await rules(gateway.settings.policies_dir)
    owner = views.ViewOwner(visitor.reader, visitor.pseudonym)
    return page(
        request,
        "search.html",
        visitor,
        asked=asked,
        found=found,
        given=asked.conditions.given,
        wrong=asked.conditions.wrong,
        columns=chosen(columns or ()),
        all_columns=COLUMNS,
        known=known.words,
        offences=known.offences,
        states=STATES,
        agencies=gateway.directory().agencies,
        most_names=_MOST_NAMES,
        most_rows=MOST_ROWS,
        query=address(pairs),
        views=await views.seen(await gateway.database(), owner),
    )


@router.get(".csv")
async def as_csv(asked: Asks, columns: Columns = None) -> Response:
    return await _file(asked, columns, "csv", CSV, lambda _, heads, rows: csv_of(heads, rows))


@router.get(".xlsx")
async def as_workbook(asked: Asks, columns: Columns = None) -> Response:
    return await _file(asked, columns, "xlsx", XLSX, xlsx_of)


async def _file(
    asked: SearchQuery,
    columns: list[str] | None,
    kind: str,
    media: str,
    write: Callable[[str, list[str], list[list[object]]], bytes],
) -> Response:
    """The found cases as the page shows them. The last line gives the number of cut-off ones."""
    if asked.place:
        return RedirectResponse(asked.place, 303)
    names, now = asked.request.app.state.names, asked.gateway.now()
    t = words(language_of(asked.request))
    tells = CaseTeller(t, names, asked.gateway.directory().agencies, now)
    wanted = chosen(columns or ())
    items, total = await asked.all()
    if asked.conditions.wrong:
        # The page says what is wrong.
        query = address(asked.request.query_params.multi_items())
        return RedirectResponse(f"/console/search?{query}", 303)
    rows = [tells.row(one, wanted) for one in items]
    if total > len(items):
        rows.append([t("search.cut", most=len(items), total=total)])
    body = await run_in_threadpool(write, t("search.cases"), tells.heads(wanted), rows)
    name = f"{t('search.cases')}-{now.astimezone(CHINA):%Y%m%d-%H%M}.{kind}"
    attachment = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=media, headers={"Content-Disposition": attachment})

"""Papers, from the data alone: the receipt of an event, its letter, a case's history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from casebus.errors import CasebusError
from gateway.access.looks import Looking
from gateway.api import cases, events, histories
from gateway.api.cases import CaseDetail
from gateway.api.histories import HistoryItem
from gateway.console import codes, revealing, timeline
from gateway.console.languages import language_of, words
from gateway.console.naming import PageNames
from gateway.console.pages.case import MOST_EVENTS, namer, place_of, receipts
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin import signing
from gateway.console.signin.current import Current, OwnForm
from gateway.console.signin.visitor import Visitor
from gateway.runtime.context import Context, Database, Gateway

router = APIRouter(route_class=ConsoleRoute, prefix="/console/print", include_in_schema=False)


@router.get("/receipt/{source:segment}/{event_id:segment}")
async def receipt(
    *,
    request: Request,
    source: str,
    event_id: str,
    visitor: Current,
    gateway: Context,
    database: Database,
) -> Response:
    """回执: proof that the event is on record, and the proofs of its hand-over."""
    paper = await _paper(visitor, gateway, database, source, event_id)
    return _printed(request, "print_receipt.html", visitor, gateway, paper)


@router.get("/letter/{source:segment}/{event_id:segment}")
async def letter(
    *,
    request: Request,
    source: str,
    event_id: str,
    visitor: Current,
    gateway: Context,
    database: Database,
) -> Response:
    """The letter that the event is: 移送书, 不予立案通知书, or the name of its type."""
    paper = await _paper(visitor, gateway, database, source, event_id)
    return _letter(request, visitor, gateway, paper)


@router.post("/letter/{source:segment}/{event_id:segment}", dependencies=[OwnForm])
async def whole_letter(
    *,
    request: Request,
    source: str,
    event_id: str,
    visitor: Current,
    gateway: Context,
    database: Database,
) -> Response:
    """The same with the fields that pages mask: it needs a reason, which the access log keeps."""
    await revealing.give_reason(request)
    paper = await _paper(visitor, gateway, database, source, event_id)
    return _letter(request, visitor, gateway, paper, whole=True)


def _letter(
    request: Request, visitor: Visitor, gateway: Gateway, paper: Paper, *, whole: bool = False
) -> Response:
    names: PageNames = request.app.state.names
    t, item = words(language_of(request)), paper.item
    return _printed(
        request,
        "print_letter.html",
        visitor,
        gateway,
        paper,
        said=names.said(t, item.type, _on_paper(item), whole=whole),
        hidden=[] if whole else names.hidden(t, item.type, item.data),
        dated=timeline.moment_of(item),
    )


@router.get("/case/{case}")
async def history(
    *,
    request: Request,
    case: str,
    visitor: Current,
    gateway: Context,
    database: Database,
    view: Literal["compact", "full"] = "compact",
) -> Response:
    """The case's history as the visitor may see it: the events that moved it, or every event."""
    found = await cases.one_case(case, visitor.reader, gateway, database)
    shown = await histories.history(
        case=case, agency=visitor.reader, gateway=gateway, database=database, limit=MOST_EVENTS
    )
    return page(
        request,
        "print_case.html",
        visitor,
        case=found,
        history=shown,
        shown=[one for one in shown.items if view == "full" or not timeline.is_note(one)],
        view=view,
        agency=namer(gateway),
    )


@dataclass(frozen=True, slots=True)
class Paper:
    """An event as it is printed."""

    case: CaseDetail
    item: HistoryItem
    receipts: events.Receipts | None

    @property
    def digest(self) -> str:
        """The event's leaf; nothing until a signed head covers the event."""
        proved = self.receipts.submitted.receipt if self.receipts else None
        return str(proved["event_leaf"]) if proved else ""


async def _paper(
    visitor: Visitor, gateway: Gateway, database: Looking, source: str, event_id: str
) -> Paper:
    """Raises CasebusError `not_found` while the event is not on record, or not the visitor's."""
    status = await events.event_status(source, event_id, visitor.reader, database)
    if status.subject is None:
        raise CasebusError("not_found")
    case = await cases.one_case(status.subject, visitor.reader, gateway, database)
    shown = await histories.history(
        case=status.subject,
        agency=visitor.reader,
        gateway=gateway,
        database=database,
        limit=MOST_EVENTS,
    )
    item = shown.items[place_of(shown.items, source, event_id)]
    proved = await receipts(visitor, gateway, database, source, event_id, proof=True)
    return Paper(case, item, proved)


def _printed(
    request: Request,
    template: str,
    visitor: Visitor,
    gateway: Gateway,
    paper: Paper,
    **values: Any,
) -> Response:
    event_id, digest = paper.item.id, paper.digest
    code = codes.address(signing.of_request(request).origin, event_id, digest)
    return page(
        request,
        template,
        visitor,
        paper=paper,
        letter_no=_letter_no(paper.item),
        code=codes.drawn(code, f"QR {event_id}"),
        agency=namer(gateway),
        **values,
    )


def _on_paper(item: HistoryItem) -> dict[str, Any]:
    """The fields without those that a letter has elsewhere, its only number, and internal ones."""
    left_out = {"work_item", "work_version"}
    if len(item.data.get("numbers") or []) == 1:
        left_out.add("numbers")
    return {name: value for name, value in item.data.items() if name not in left_out}


def _letter_no(item: HistoryItem) -> str:
    """文号: the number that the event gives its paper."""
    numbers = item.data.get("numbers") or []
    return next((str(one.get("value", "")) for one in numbers if isinstance(one, dict)), "")

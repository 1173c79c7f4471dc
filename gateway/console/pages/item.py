"""One work item: what it is about, who else looks at it, and each act as a form that the law asks for.

What an officer types is kept on the server with every pause. An act on an item that another officer
changed meanwhile is refused, with what was typed still there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from gateway import actions, requiring
from gateway.actions import Action
from gateway.api import cases
from gateway.api import work as api
from gateway.api.shapes import WorkItem
from gateway.console.forms import filling
from gateway.console.forms.fields import Form, form_of
from gateway.console.forms.filling import Wrong
from gateway.console.languages import language_of
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OfficerHere, OwnForm
from gateway.console.signin.visitor import Visitor
from gateway.context import Context, Database, Gateway
from gateway.problems import RefusedError
from storage import drafts, work
from storage.drafts import Fields, Place

router = APIRouter(route_class=ConsoleRoute, prefix="/console/work", include_in_schema=False)
#: Names of the form that are not the event's.
_OURS = frozenset({"csrf", "version", "legal_time", "to", "add", "remove"})
#: Refusals that say that the item is no longer what the officer read.
_CHANGED = frozenset({"work_changed", "work_closed", "superseded", "work_pending"})
_REFUSED = 422


@router.get("/{key}")
async def one_item(
    *, request: Request, key: str, visitor: OfficerHere, gateway: Context, database: Database
) -> Response:
    """The item, its case, and a button for each act. Looking at it opens what brought it."""
    item = await api.one_item(
        key=key,
        agency=str(visitor.agency),
        gateway=gateway,
        database=database,
        actor=visitor.pseudonym,
    )
    case = await cases.one_case(item.case, str(visitor.agency), gateway, database)
    history = await cases.history(
        case=item.case, agency=str(visitor.agency), gateway=gateway, database=database, limit=200
    )
    brought = [one for one in history.items if one.id == item.opened_by.id]
    kept = [await drafts.one(await gateway.database(), _place(visitor, item, one)) for one in item.actions]
    begun = {word for word, draft in zip(item.actions, kept, strict=True) if draft}
    return page(
        request, "item.html", visitor, item=item, case=case, brought=brought, begun=begun,
        sent=request.query_params.get("sent"),
    )


@router.get("/{key}/present")
async def present(
    *, request: Request, key: str, visitor: OfficerHere, gateway: Context
) -> Response:
    """Who else looks at the item: asked by the open page now and then, which says that it is."""
    database = await gateway.database()
    if await work.item(database, str(visitor.agency), key) is None:
        raise CasebusError("not_found")
    others = await drafts.present(database, str(visitor.agency), key, visitor.pseudonym)
    return page(request, "present.html", visitor, others=others, seconds=drafts.PRESENT_SECONDS)


class Given(NamedTuple):
    """What the form of an act held: its own fields and the event's."""

    version: int
    legal_time: str
    to: list[str]
    fields: Fields


@dataclass(frozen=True, slots=True)
class Act:
    """An act on an item, as its form needs it."""

    item: WorkItem
    word: str
    form: Form
    wants_receiver: bool


@router.get("/{key}/{word}")
async def act_form(
    *,
    request: Request,
    key: str,
    word: str,
    visitor: OfficerHere,
    gateway: Context,
    database: Database,
) -> Response:
    """The form of an act, with what the officer left in it."""
    act = await _act(request, gateway, database, visitor, key, word)
    draft = await drafts.one(await gateway.database(), _place(visitor, act.item, word))
    fields = [(name, value) for name, value in draft.fields] if draft else []
    given = _given(fields, act.item.version)
    return _shown(request, visitor, gateway, act, given, draft=draft)


@router.post("/{key}/{word}/draft", dependencies=[OwnForm])
async def keep_draft(
    *, request: Request, key: str, word: str, visitor: OfficerHere, gateway: Context
) -> Response:
    """Keep what is typed so far; answers with when."""
    item = await _row(gateway, visitor, key)
    fields = await _fields(request)
    at = gateway.now()
    place = Place(str(visitor.agency), item["key"], word, visitor.pseudonym)
    if word not in item["view"]["actions"]:
        raise CasebusError("unknown_action")
    given = _given(fields, item["version"])
    await drafts.save(await gateway.database(), place, given.version, fields, at)
    return page(request, "draft.html", visitor, saved_at=at)


@router.post("/{key}/{word}", dependencies=[OwnForm])
async def do_act(
    *,
    request: Request,
    key: str,
    word: str,
    visitor: OfficerHere,
    gateway: Context,
    database: Database,
) -> Response:
    """Sign and send the act; the form again, with what is wrong, where it was not sent."""
    act = await _act(request, gateway, database, visitor, key, word)
    fields = await _fields(request)
    given = _given(fields, act.item.version)
    asked = await request.form()
    if "add" in asked or "remove" in asked:
        changed = filling.rows_changed(act.form, given.fields, asked)
        return _shown(request, visitor, gateway, act, given._replace(fields=changed))
    place = _place(visitor, act.item, word)
    if "discard" in asked:
        await drafts.drop(await gateway.database(), place)
        return RedirectResponse(f"/console/work/{key}", 303)
    # Kept before it is sent: whatever happens on the way, nothing typed is lost.
    await drafts.save(await gateway.database(), place, given.version, fields, gateway.now())
    data, wrong = filling.read(act.form, given.fields, language_of(request))
    if wrong:
        return _shown(request, visitor, gateway, act, given, wrong=wrong, status=_REFUSED)
    action = Action(
        word=word,
        version=given.version,
        actor=visitor.pseudonym,
        data=data,
        to=tuple(given.to) or None,
        legal_time=given.legal_time or None,
    )
    try:
        outcome = await actions.act(gateway, str(visitor.agency), key, action)
    except CasebusError as refused:
        return _refused(request, visitor, gateway, act, given, refused)
    await drafts.drop(await gateway.database(), place)
    event = outcome.finished.event_id
    return RedirectResponse(f"/console/work/{key}?sent={event}", 303)


async def _act(
    request: Request, gateway: Gateway, database: Any, visitor: Visitor, key: str, word: str
) -> Act:
    row = await work.item(database, str(visitor.agency), key)
    if row is None:
        raise CasebusError("not_found")
    [item] = await api.working.shown(gateway, str(visitor.agency), [row])
    if word not in item.actions:
        raise CasebusError("not_found")
    ce_type = item.actions[word]
    full = ce_type if ce_type.startswith("casebus.") else f"casebus.{ce_type}.v1"
    acts = await requiring.acts_of(gateway, row["law"])
    day = gateway.now().astimezone(CHINA).date()
    needs = requiring.needs_of(acts, item.actions, day)[word]
    form = form_of(gateway.schemas.latest(full), needs, language_of(request))
    return Act(item, word, form, any(need.to for need in needs))


async def _row(gateway: Gateway, visitor: Visitor, key: str) -> Any:
    row = await work.item(await gateway.database(), str(visitor.agency), key)
    if row is None:
        raise CasebusError("not_found")
    return row


def _refused(
    request: Request,
    visitor: Visitor,
    gateway: Gateway,
    act: Act,
    given: Given,
    refused: CasebusError,
) -> Response:
    """The form once more: each thing at its field, and a change by somebody else in words."""
    errors = refused.errors if isinstance(refused, RefusedError) else []
    return _shown(
        request,
        visitor,
        gateway,
        act,
        given,
        wrong=filling.wrongs_of(errors),
        refused=refused,
        changed=refused.code in _CHANGED,
        status=_REFUSED,
    )


def _shown(  # noqa: PLR0913 - a form and what became of it
    request: Request,
    visitor: Visitor,
    gateway: Gateway,
    act: Act,
    given: Given,
    *,
    draft: drafts.Draft | None = None,
    wrong: list[Wrong] | None = None,
    refused: CasebusError | None = None,
    changed: bool = False,
    status: int = 200,
) -> Response:
    agencies = [(one.id, one.name) for one in gateway.directory().agencies()] if act.wants_receiver else []
    return page(
        request,
        "act.html",
        visitor,
        status=status,
        act=act,
        given=given,
        draft=draft,
        wrong=wrong or [],
        refused=refused,
        changed=changed,
        agencies=agencies,
    )


async def _fields(request: Request) -> Fields:
    form = await request.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _given(fields: Fields, version: int) -> Given:
    """What was posted or kept; `version` is the item's where the form says none."""
    own = dict(fields)
    text = own.get("version", "")
    return Given(
        int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else version,  # noqa: PLR2004
        own.get("legal_time", ""),
        own.get("to", "").split(),
        [(name, value) for name, value in fields if name not in _OURS],
    )


def _place(visitor: Visitor, item: WorkItem, word: str) -> Place:
    return Place(str(visitor.agency), item.key, word, visitor.pseudonym)

"""One work item: its subject, who else looks at it, and each act as a form.

The server keeps an officer's typed values at every pause. If another officer changed the item
meanwhile, an act on it is refused, and the typed values stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.events.types import in_full
from gateway.access.looks import Looking
from gateway.api import cases, events, histories
from gateway.api import work as api
from gateway.console import forms
from gateway.console.forms import MOST_VALUES, FieldError, Form, FormView, form_of
from gateway.console.languages import Language, language_of
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OfficerHere, OwnForm
from gateway.console.signin.visitor import Visitor
from gateway.problems import RefusedError
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import WorkItem
from gateway.work import actions, requirements, views
from gateway.work.actions import Action
from storage import drafts, work
from storage.drafts import DraftKey, Fields

router = APIRouter(route_class=ConsoleRoute, prefix="/console/work", include_in_schema=False)
#: Names of the form that are not the event's.
_OURS = frozenset({"csrf", "version", "legal_time", "discard"})
#: Refusals which mean that the item is no longer what the officer read.
_CHANGED = frozenset({"work_changed", "work_closed", "superseded", "work_pending"})
_REFUSED = 422
_EVENTS = 1000
#: The most digits of a version. We give no larger one.
_DIGITS = 9


@router.get("/{key}")
async def one_item(
    *,
    request: Request,
    key: str,
    visitor: OfficerHere,
    gateway: Context,
    database: Database,
    sent: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The item, its case, and a button for each act.

    Looking at it opens the event that brought it.
    """
    agency = str(visitor.agency)
    item = await api.one_item(
        key=key, agency=agency, gateway=gateway, database=database, actor=visitor.pseudonym
    )
    case = await cases.one_case(item.case, agency, gateway, database)
    history = await histories.history(
        case=item.case, agency=agency, gateway=gateway, database=database, limit=_EVENTS
    )
    begun = await drafts.begun(await gateway.database(), agency, item.key, visitor.pseudonym)
    return page(
        request,
        "item.html",
        visitor,
        item=item,
        case=case,
        brought=[one for one in history.items if one.id == item.opened_by.id],
        begun=begun,
        sent=await _became(database, visitor, item, sent) if sent else None,
    )


async def _became(
    database: Looking, visitor: Visitor, item: WorkItem, event_id: str
) -> events.EventStatus | None:
    """The outcome of the act after which the page was left. The address alone is no proof."""
    agency = str(visitor.agency)
    found = await events.status_of(database, agency, agency, event_id)
    return found if found is not None and found.subject == item.case else None


@router.get("/{key}/present")
async def present(
    *, request: Request, key: str, visitor: OfficerHere, gateway: Context
) -> Response:
    """Who else looks at the item. The open page asks from time to time, and so reports itself."""
    await _row(gateway, str(visitor.agency), key)
    others = await drafts.present(
        await gateway.database(), str(visitor.agency), key, visitor.pseudonym
    )
    return page(request, "present.html", visitor, others=others, seconds=drafts.PRESENT_SECONDS)


class Given(NamedTuple):
    """The content of an act's form: its own fields and the event's."""

    version: int
    legal_time: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class FormAct:
    """An act on an item, as its form needs it."""

    item: WorkItem
    word: str
    form: Form

    @classmethod
    async def of(cls, gateway: Gateway, asked: ActQuery, language: Language) -> FormAct:
        """Raises CasebusError `not_found` for an item or an act that is not the agency's."""
        row = await _row(gateway, asked.agency, asked.key)
        [item] = await views.shown(gateway, asked.agency, [row])
        if asked.word not in item.actions:
            raise CasebusError("not_found")
        ce_type = item.actions[asked.word]
        full = in_full(ce_type)
        acts = await requirements.acts_of(gateway, row["law"])
        day = gateway.now().astimezone(CHINA).date()
        needs = requirements.needs_of(acts, item.actions, day)[asked.word]
        return cls(item, asked.word, form_of(gateway.schemas.latest(full), needs, language))


class ActQuery(NamedTuple):
    """The act and the item, with the officer."""

    agency: str
    officer: str
    key: str
    word: str

    @property
    def place(self) -> DraftKey:
        return DraftKey(self.agency, self.key, self.word, self.officer)


async def asked_of(key: str, word: str, visitor: OfficerHere) -> ActQuery:
    return ActQuery(str(visitor.agency), visitor.pseudonym, key, word)


@dataclass(frozen=True, slots=True)
class ActForm:
    """An act's form in front of one officer."""

    request: Request
    visitor: Visitor
    gateway: Gateway
    act: FormAct

    def shown(
        self,
        given: Given,
        *,
        draft: drafts.SavedForm | None = None,
        wrong: Sequence[FieldError] = (),
        refused: CasebusError | None = None,
    ) -> Response:
        known = self.gateway.directory().agencies.values()
        view = FormView(
            self.act.form, given.fields, wrong, agencies=[(one.id, one.name) for one in known]
        )
        return page(
            self.request,
            "act.html",
            self.visitor,
            status=_REFUSED if wrong or refused else 200,
            act=self.act,
            given=given,
            draft=draft,
            view=view,
            refused=refused,
            changed=refused is not None and refused.code in _CHANGED,
        )

    def refused(self, given: Given, error: CasebusError) -> Response:
        """The form again: each fault at its field, and a change by somebody else in words."""
        errors = error.errors if isinstance(error, RefusedError) else []
        wrong = forms.wrongs_of(self.act.form, errors, given.fields)
        return self.shown(given, wrong=wrong, refused=error)


async def desk_of(
    request: Request,
    visitor: OfficerHere,
    gateway: Context,
    asked: Annotated[ActQuery, Depends(asked_of)],
) -> ActForm:
    act = await FormAct.of(gateway, asked, language_of(request))
    return ActForm(request, visitor, gateway, act)


Asks = Annotated[ActQuery, Depends(asked_of)]
Here = Annotated[ActForm, Depends(desk_of)]


@router.get("/{key}/{word}")
async def act_form(asked: Asks, desk: Here, gateway: Context) -> Response:
    """The form of an act, with the values that the officer left in it."""
    draft = await drafts.one(await gateway.database(), asked.place)
    fields: Fields = [(name, value) for name, value in draft.fields] if draft else []
    given = _given(fields or forms.opened(desk.act.form), desk.act.item.version)
    return desk.shown(given, draft=draft)


@router.post("/{key}/{word}/draft", dependencies=[OwnForm])
async def keep_draft(asked: Asks, desk: Here, gateway: Context) -> Response:
    """Keep the values typed so far; answers with the time."""
    fields, at = await _fields(desk.request), gateway.now()
    given = _given(fields, desk.act.item.version)
    await drafts.save(await gateway.database(), asked.place, given.version, fields, at)
    return page(desk.request, "draft.html", desk.visitor, saved_at=at)


@router.post("/{key}/{word}", dependencies=[OwnForm])
async def do_act(asked: Asks, desk: Here, gateway: Context) -> Response:
    """Sign and send the act; if it was not sent, shows the form again with the faults."""
    fields = await _fields(desk.request)
    given = _given(fields, desk.act.item.version)
    changed = forms.edited(desk.act.form, fields)
    if changed is not None:
        return desk.shown(_given(changed, given.version))
    database = await gateway.database()
    if "discard" in dict(fields):
        await drafts.drop(database, asked.place)
        return RedirectResponse(f"/console/work/{asked.key}", 303)
    # Kept before it is sent: whatever happens on the way, no typed value is lost.
    await drafts.save(database, asked.place, given.version, fields, gateway.now())
    data, wrong = forms.read(desk.act.form, given.fields)
    if wrong:
        return desk.shown(given, wrong=wrong)
    try:
        outcome = await actions.act(gateway, asked.agency, asked.key, _action(asked, given, data))
    except CasebusError as refused:
        return desk.refused(given, refused)
    await drafts.drop(database, asked.place)
    sent = outcome.finished.event_id
    return RedirectResponse(f"/console/work/{asked.key}?sent={sent}", 303)


def _action(asked: ActQuery, given: Given, data: dict[str, Any]) -> Action:
    return Action(
        word=asked.word,
        version=given.version,
        actor=asked.officer,
        data=data,
        to=forms.recipients(given.fields) or None,
        legal_time=given.legal_time or None,
    )


async def _row(gateway: Gateway, agency: str, key: str) -> Any:
    row = await work.item(await gateway.database(), agency, key)
    if row is None:
        raise CasebusError("not_found")
    return row


async def _fields(request: Request) -> Fields:
    form = await request.form(max_fields=MOST_VALUES)
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _given(fields: Fields, version: int) -> Given:
    """The posted or kept values; `version` is the item's if the form has none."""
    own = dict(fields)
    text = own.get("version", "")
    read = int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else version
    kept = [(name, value) for name, value in fields if name not in _OURS]
    return Given(read, own.get("legal_time", ""), kept)

"""Each component once, with invented words, for people who build a page or judge it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter, Request, Response

from casebus.events.types import REFERRAL_RECEIPTED, REFERRAL_SENT, event_name, in_full
from gateway.api.histories import HistoryItem
from gateway.console import forms, timeline
from gateway.console.languages import Language, language_of
from gateway.console.pages.case import length, namer
from gateway.console.rendering import SOON, page
from gateway.console.route import ConsoleRoute
from gateway.runtime.context import Context, Gateway
from gateway.shapes import Clock

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
_TYPE = "casebus.referral.filing_refused.v1"
_AMR, _PSB = "cn-330106-amr", "cn-330106-psb"
_BEGAN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
#: (type, author, receiver, days since the beginning)
_STORY = (
    (event_name(REFERRAL_SENT), _AMR, _PSB, 0),
    (event_name(REFERRAL_RECEIPTED), _PSB, _AMR, 1),
    (event_name(_TYPE), _PSB, _AMR, 9),
)


@router.get("/style")
async def style(request: Request, gateway: Context) -> Response:
    now = gateway.now()
    story = [_event(number, *one) for number, one in enumerate(_STORY)]
    return page(
        request,
        "style.html",
        None,
        due={"late": now - SOON, "soon": now + SOON / 2, "calm": now + 3 * SOON},
        drawing=timeline.drawn(story, _clocks(), _BEGAN + timedelta(days=12)),
        case=SimpleNamespace(id="style"),
        numbers=[{"kind": "letter_no", "value": "杭西市监移〔2026〕1号"}],
        view=_form(gateway, language_of(request)),
        agency=namer(gateway),
        length=length,
    )


def _event(number: int, name: str, source: str, to: str, days: int) -> HistoryItem:
    at = _BEGAN + timedelta(days=days)
    return HistoryItem(
        type=in_full(name),
        source=source,
        id=str(number),
        legal_time=at.isoformat(),
        recorded_at=at,
        position=None,
        recipients=[to],
        folded=True,
        findings=[],
        data={},
        withheld=[],
        recalled=False,
    )


def _clock(state: str, title: str, title_en: str, days: int, length: int) -> Clock:
    began = _BEGAN + timedelta(days=days)
    given = {
        "key": state,
        "id": state,
        "title": title,
        "title_en": title_en,
        "state": state,
        "started": began.isoformat(),
        "due": began + timedelta(days=length),
        "provisional": state == "running",
    }
    return Clock.model_validate(given)


def _clocks() -> list[Clock]:
    return [
        _clock("met", "签发回执", "Sign the receipt", 0, 1),
        _clock("breached", "决定是否立案", "Decide on filing", 1, 3),
        _clock("running", "提请复议", "Ask for reconsideration", 9, 3),
    ]


def _form(gateway: Gateway, language: Language) -> Any:
    """A form of the law's own, with one field that is wrong."""
    form = forms.form_of(gateway.schemas.latest(_TYPE), [], language)
    field = form.rest[0]
    wrong = forms.FieldError(field.name, field.label)
    return forms.FormView(form, [], [wrong], prefix="style-")

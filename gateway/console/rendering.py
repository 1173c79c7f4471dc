"""Pages from templates, in the reader's language, on Beijing time; or a part, for htmx.

A part is a block of the page's own template. Its name is the `id` of the element that htmx will
replace. So a page and its parts are written once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import ConfigDict, TypeAdapter

from casebus.events.legaltime import CHINA, in_china
from gateway.console.assets import Assets
from gateway.console.languages import LANGUAGES, PageWords, language_of, remedies, words
from gateway.console.naming import PageNames
from gateway.console.signin.visitor import Visitor
from gateway.runtime.context import of_request

_HERE = Path(__file__).parent
_FOLDERS = tuple(_HERE / one / "templates" for one in (".", "signin", "forms"))
THEMES = ("light", "dark")
THEME_COOKIE = "casebus-theme"
_BODY = TypeAdapter[Any](Any, config=ConfigDict(ser_json_bytes="hex"))
#: The time before its end from which a period counts as nearly over.
SOON = timedelta(days=3)


@lru_cache
def environment() -> Environment:
    """Every text is escaped, and a name that a template lacks is an error, never an empty text."""
    made = Environment(
        loader=FileSystemLoader(_FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": moment,
        "day": day,
        "month": month,
        "legal": legal,
        "when": when,
        "official_day": official_day,
    }
    made.globals |= {"urgency": urgency, "languages": LANGUAGES, "themes": THEMES}
    made.globals["remedies"] = remedies()
    made.policies |= {"json.dumps_function": _json, "json.dumps_kwargs": {"ensure_ascii": False}}
    return made


def _json(value: Any, **form: Any) -> str:
    """A body as the API writes it: moments and bytes are text."""
    return json.dumps(_BODY.dump_python(value, mode="json"), **form)


def page(
    request: Request, template: str, visitor: Visitor | None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A whole page, or the block that htmx will put in place of the element it names."""
    known = environment().get_template(template)
    context = known.new_context({**_common(request, visitor), **values})
    block = known.blocks.get(request.headers.get("hx-target", "").replace("-", "_"))
    if block is not None and "hx-request" in request.headers:
        text = "".join(block(context))
    else:
        text = "".join(known.root_render_func(context))
    return HTMLResponse(text, status, {"Vary": "HX-Request, HX-Target, Accept-Language, Cookie"})


def _common(request: Request, visitor: Visitor | None) -> dict[str, Any]:
    language = language_of(request)
    assets: Assets = request.app.state.assets
    names: PageNames = request.app.state.names
    theme = request.cookies.get(THEME_COOKIE)
    return {
        "request": request,
        "visitor": visitor,
        "language": language,
        "theme": theme if theme in THEMES else None,
        "t": words(language),
        "asset": assets.url,
        "names": names,
        "office": _office(request, visitor),
        # If only a block is rendered, the template's own imports do not run.
        "m": environment().get_template("macros.html").module,
        "now": of_request(request).now(),
        "here": _here(request),
        "with_query": lambda **changed: with_query(request, changed),
    }


def _office(request: Request, visitor: Visitor | None) -> str:
    """The name of the visitor's agency, or its id if the directory is away or lacks it."""
    if visitor is None or visitor.agency is None:
        return ""
    known = of_request(request).reader.directory.agency(visitor.agency)
    return known.name if known else visitor.agency


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def with_query(request: Request, changed: Mapping[str, Any]) -> str:
    """The page's address with other parameters.

    A parameter of None is dropped, and so is the cursor.
    """
    gone = {"cursor", *changed}
    kept = [pair for pair in request.query_params.multi_items() if pair[0] not in gone]
    kept += [(name, value) for name, value in changed.items() if value is not None]
    return f"{request.url.path}?{urlencode(kept)}"


def moment(at: datetime | None) -> Markup | str:
    """Date and minute in Beijing, with the whole moment for machines and on demand."""
    if at is None:
        return "—"
    # The zone is given once at the foot of each page, and in the text under a pointer.
    return _time(at, in_china(at).removesuffix("+08"))


def day(at: datetime | None) -> Markup | str:
    if at is None:
        return "—"
    return _time(at, str(at.astimezone(CHINA).date()))


def month(at: datetime) -> str:
    """A month in the form of an address: 2026-03."""
    return f"{at.astimezone(CHINA):%Y-%m}"


def _time(at: datetime, shown: str) -> Markup:
    exact = in_china(at, seconds=True)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.astimezone(CHINA).isoformat(), exact, shown
    )


def official_day(at: datetime, t: PageWords) -> str:
    """A date in the form of a paper."""
    local = at.astimezone(CHINA)
    return t("print.day", year=local.year, month=local.month, day=local.day)


def legal(text: str) -> Markup | str:
    """A legal time as an event gives it: a date stays one, a moment is shown as any other."""
    try:
        return moment(datetime.fromisoformat(text)) if "T" in text else text
    except ValueError:
        return text


def when(text: str | datetime | None) -> datetime | None:
    """A moment that a view of the fold gives as text."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else text or None


def urgency(due: datetime | None, now: datetime, *, is_open: bool = True) -> str:
    """Red, yellow or green: `late`, `soon`, `calm`; `none` if nothing is due."""
    if due is None or not is_open:
        return "none"
    if due <= now:
        return "late"
    return "soon" if due <= now + SOON else "calm"

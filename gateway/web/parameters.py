"""One rule for the query of every route: what the description does not name is refused.

A name that is spelled wrong would else ask for everything. What is known stands in OpenAPI, so
that the refusal and the description are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request

from gateway.problems import RefusedError

#: Whether a parameter of this name may be given several times.
_Known = Mapping[str, bool]
#: Characters of a name that nobody knows, as it is said back.
_LONGEST = 64
#: Its clients are others', who send what their registry knows: that one passes over the rest.
_REGISTRY = "/registry"
_NUL, _NO_TEXT = "\x00", "a character that no text has"


def refuse(request: Request, route: str) -> None:
    """Raises `invalid_parameter` with the known names, or the place that cannot be."""
    given = request.query_params.multi_items() if request.scope["query_string"] else []
    known = _known(request.app, route, request.method) if given else {}
    if route.startswith(_REGISTRY):
        given = [(name, value) for name, value in given if name in known]
    _raise([*_wrong(given, known), *_no_text(request, given)])


def refuse_no_text(request: Request) -> None:
    """For a page, whose address people pass on: what it does not know it passes over."""
    _raise([*_no_text(request, request.query_params.multi_items())])


def _raise(rows: list[dict[str, str]]) -> None:
    if rows:
        raise RefusedError("invalid_parameter", errors=rows)


def _no_text(request: Request, given: list[tuple[str, str]]) -> Iterator[dict[str, str]]:
    for place, pairs in (("query", given), ("path", request.path_params.items())):
        yield from (_row(place, name, _NO_TEXT) for name, one in pairs if _NUL in str(one))


def _wrong(given: list[tuple[str, str]], known: _Known) -> Iterator[dict[str, str]]:
    names = [name for name, _ in given]
    for name in dict.fromkeys(names):
        if name not in known:
            says = f"known here: {', '.join(sorted(known))}" if known else "none is known here"
            yield _row("query", name[:_LONGEST], f"unknown; {says}")
        elif names.count(name) > 1 and not known[name]:
            yield _row("query", name, "given more than once")


def _row(place: str, name: str, detail: str) -> dict[str, str]:
    step = name.replace("~", "~0").replace("/", "~1")
    return {"pointer": f"/{place}/{step}", "detail": detail}


def _known(app: FastAPI, route: str, method: str) -> _Known:
    described = app.openapi()["paths"].get(route, {}).get(method.lower(), {})
    return {
        one["name"]: "array" in _types(one["schema"])
        for one in described.get("parameters", ())
        if one["in"] == "query"
    }


def _types(schema: Mapping[str, Any]) -> set[str]:
    return {str(one.get("type")) for one in (schema, *schema.get("anyOf", ()))}

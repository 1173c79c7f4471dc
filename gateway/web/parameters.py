"""One rule for the query of every route: unknown parameters are refused.

Otherwise a misspelled name would ask for everything. The known parameters are in the signature of
the function that serves the route. The description is made from it too, so the refusal and the
description are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, TypeAdapter

from gateway.problems import RefusedError

Known = Mapping[str, bool]
"""Whether a parameter of this name may be given several times."""
#: The most characters of an unknown name in the answer.
_LONGEST = 64
_NUL, _NO_TEXT = "\x00", "a character that no text has"


def known_of(dependant: Dependant) -> Callable[[], Known]:
    """The parameters of a route, collected when somebody first gives one."""
    return cache(lambda: dict(_named(dependant)))


def refuse(request: Request, known: Callable[[], Known]) -> None:
    """Raises `invalid_parameter` with the known names, or the impossible place."""
    if not request.scope["query_string"]:
        refuse_no_text(request)
        return
    given = request.query_params.multi_items()
    _raise([*_wrong(given, known()), *_no_text(request, given)])


def refuse_no_text(request: Request) -> None:
    """For values of another protocol, whose rule is to pass over the rest."""
    _raise([*_no_text(request, request.query_params.multi_items())])


def _raise(rows: list[dict[str, str]]) -> None:
    if rows:
        raise RefusedError("invalid_parameter", errors=rows)


def _no_text(request: Request, given: list[tuple[str, str]]) -> Iterator[dict[str, str]]:
    for place, pairs in (("query", given), ("path", request.path_params.items())):
        yield from (_row(place, name, _NO_TEXT) for name, one in pairs if _NUL in str(one))


def _wrong(given: list[tuple[str, str]], known: Known) -> Iterator[dict[str, str]]:
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


def _named(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Those of the route and of all its dependencies; each field of a model is a parameter."""
    for one in dependant.query_params:
        taken = one.field_info.annotation
        if isinstance(taken, type) and issubclass(taken, BaseModel):
            fields = taken.model_fields.items()
            yield from ((two.alias or name, _is_list(two.annotation)) for name, two in fields)
        else:
            yield one.alias, _is_list(taken)
    for within in dependant.dependencies:
        yield from _named(within)


def _is_list(annotation: Any) -> bool:
    schema = TypeAdapter(annotation).json_schema()
    return any(one.get("type") == "array" for one in (schema, *schema.get("anyOf", ())))

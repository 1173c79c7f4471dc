"""Which work item a person means, and what of an act is still to be said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from casebus.cli.wording import local_time
from casebus.errors import CasebusError
from casebus.sdk.gateway import Gateway, is_uuid

#: The beginning of a key, as lists show it.
_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
#: Digits of an item's key that a list shows.
SHORT = 8
_MOST = 50
JSON = dict[str, Any]


def meant(gateway: Gateway, name: str, action: str = "") -> JSON:
    """The item by its key, the beginning of it, its case's id or a number of its case.

    `action` is what is to be done: of several items of a case it is the one that offers it. Raises
    CasebusError `not_found`, saying what there is.
    """
    if is_uuid(name) and (item := _by_key(gateway, name)) is not None:
        return item
    found = _open(gateway, name)
    fitting = [one for one in found if not action or action in one["actions"]]
    if len(fitting) != 1:
        raise CasebusError("not_found", _told(gateway, name, action, fitting or found))
    return gateway.work_item(str(fitting[0]["key"]))


def _by_key(gateway: Gateway, key: str) -> JSON | None:
    try:
        return gateway.work_item(key)
    except CasebusError as error:
        if error.code != "not_found":
            raise
        return None


def _open(gateway: Gateway, name: str) -> list[JSON]:
    if _BEGINNING.fullmatch(name) and not is_uuid(name):
        found: list[JSON] = gateway.work_page(key=name, limit=_MOST)["items"]
        if found:
            return found
    return list(gateway.work_page(case=_case(gateway, name), limit=_MOST)["items"])


def _case(gateway: Gateway, name: str) -> str:
    try:
        return gateway.resolve(name)
    except CasebusError as error:
        if error.code != "not_found":
            raise
        detail = f"no work item of yours begins with {name} and no case of yours has that number"
        raise CasebusError("not_found", f"{detail}; `casebus work list` shows yours") from None


def _told(gateway: Gateway, name: str, action: str, found: list[JSON]) -> str:
    if not found:
        done = gateway.work_page(status="closed", **_of(name), limit=_MOST)["items"]
        what = f"; done: {_listed(done)}" if done else ""
        return f"nothing of {name} is left for you to do{what}"
    if action and all(action not in one["actions"] for one in found):
        return f"no open item of {name} offers `{_typed(action)}`; open: {_listed(found)}"
    return f"{len(found)} open items are meant by {name}, name one by its key: {_listed(found)}"


def _of(name: str) -> JSON:
    return {"case": name} if is_uuid(name) else {}


def _listed(items: Iterable[JSON]) -> str:
    return "; ".join(map(described, items))


def described(item: Mapping[str, Any]) -> str:
    """One item in one line: what it is, and what can be done."""
    words = ", ".join(map(_typed, item["actions"]))
    due = f", due {local_time(item['due'])}" if item.get("due") else ""
    can = f": {words}" if item.get("is_open", True) else " (closed)"
    return f"{str(item['key'])[:SHORT]} {item['title']}{due}{can}"


def unsaid(item: Mapping[str, Any], action: str, request: Mapping[str, Any]) -> list[JSON]:
    """What the action requires and the request does not name at all."""
    said = {*request["data"], *(["to"] if request.get("to") else [])}
    needs: list[JSON] = item.get("requires", {}).get(action, [])
    return [one for one in needs if not said & {place.split(".")[0] for place in one["where"]}]


def _typed(action: str) -> str:
    return action.replace("_", "-")

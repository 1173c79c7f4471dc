"""Finds the work item that a person means, and the missing parts of an act."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from casebus.cli.wording import local_time
from casebus.errors import CasebusError
from casebus.sdk.gateway import Gateway, is_uuid

#: The beginning of a key, as lists show it.
_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
#: The number of digits of an item's key in a list.
SHORT = 8
_MOST = 50
JSON = dict[str, Any]


def meant(gateway: Gateway, name: str, action: str = "") -> JSON:
    """The item by its key, the beginning of its key, its case's id or a number of its case.

    `action` is the wanted act: among several items of a case, the one that offers it is meant.
    Raises CasebusError `not_found`, which lists the items there are.
    """
    if is_uuid(name) and (item := _by_key(gateway, name)) is not None:
        return item
    wanted = _wanted(gateway, name)
    found = gateway.work_page(**wanted, limit=_MOST)["items"]
    fitting = [one for one in found if not action or action in one["actions"]]
    if len(fitting) != 1:
        done = [] if found else gateway.work_page(status="closed", **wanted, limit=_MOST)["items"]
        raise CasebusError("not_found", _told(name, action, fitting or found, done))
    return gateway.work_item(str(fitting[0]["key"]))


def _by_key(gateway: Gateway, key: str) -> JSON | None:
    try:
        return gateway.work_item(key)
    except CasebusError as error:
        if error.code != "not_found":
            raise
        return None


def _wanted(gateway: Gateway, name: str) -> JSON:
    """The question to the gateway: by the beginning of an existing key, or by a case."""
    if _BEGINNING.fullmatch(name) and not is_uuid(name):
        wanted = {"key": name}
        if gateway.work_page(status="all", **wanted, limit=1)["items"]:
            return wanted
    return {"case": _case(gateway, name)}


def _case(gateway: Gateway, name: str) -> str:
    try:
        return gateway.resolve(name)
    except CasebusError as error:
        if error.code != "not_found":
            raise
        raise CasebusError("not_found", _unknown(name)) from None


def _unknown(name: str) -> str:
    return f"{name} is no item of yours and no number of a case of yours; see `casebus work list`"


def _told(name: str, action: str, found: list[JSON], done: list[JSON]) -> str:
    if done:
        return f"nothing of {name} is left for you to do; done: {_listed(done)}"
    if not found:
        return _unknown(name)
    if action and all(action not in one["actions"] for one in found):
        return f"no open item of {name} offers `{_typed(action)}`; open: {_listed(found)}"
    return f"{len(found)} open items are meant by {name}, name one by its key: {_listed(found)}"


def _listed(items: Iterable[JSON]) -> str:
    return "; ".join(map(described, items))


def described(item: Mapping[str, Any]) -> str:
    """One item in one line: its kind, and the possible actions."""
    words = ", ".join(map(_typed, item["actions"]))
    due = f", due {local_time(item['due'])}" if item.get("due") else ""
    can = f": {words}" if item.get("is_open", True) else " (closed)"
    return f"{str(item['key'])[:SHORT]} {item['title']}{due}{can}"


def unsaid(item: Mapping[str, Any], action: str, request: Mapping[str, Any]) -> list[JSON]:
    """The fields that the action requires and the request does not name at all."""
    said = {*request["data"], *(["to"] if request.get("to") else [])}
    needs: list[JSON] = item.get("requires", {}).get(action, [])
    return [one for one in needs if not said & {place.split(".")[0] for place in one["where"]}]


def _typed(action: str) -> str:
    return action.replace("_", "-")

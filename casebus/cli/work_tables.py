"""Tables of work items for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from casebus.cli.output import table
from casebus.cli.wording import PROVISIONAL, local_time
from casebus.cli.work_items import SHORT
from casebus.events.types import event_name

JSON = dict[str, Any]


def page(console: Console, found: JSON, status: str) -> None:
    heads = (
        "item",
        "待办",
        "due",
        "案由 title",
        "sender",
        "received",
        "case",
        "actions",
        "taken by",
    )
    console.print(table(heads, map(_row, found["items"])))
    console.print(_counted(found, status))
    if found.get("next"):
        console.print(f"More: casebus work list --status {status} --cursor {found['next']}")


def _row(one: JSON) -> tuple[str, ...]:
    return (
        # Every command here accepts the beginning of a key.
        str(one["key"])[:SHORT],
        one["title"],
        _due(one),
        one.get("case_title") or "",
        one.get("sender_name") or one.get("sender") or "",
        local_time(one.get("received")),
        _case(one),
        " ".join(name.replace("_", "-") for name in one["actions"]),
        one.get("taken_by") or "",
    )


def _counted(found: JSON, status: str) -> str:
    which = "" if status == "all" else f"{status} "
    late = f", {found['overdue']} overdue" if found.get("overdue") else ""
    return f"{len(found['items'])} of {found.get('total', len(found['items']))} {which}items{late}"


def _due(one: JSON) -> str:
    return " ".join(
        filter(None, (local_time(one.get("due")), one.get("provisional") and PROVISIONAL))
    )


def _case(one: JSON) -> str:
    """The case as a person names it: its numbers, or its id if it has none."""
    return " ".join(number["value"] for number in one.get("numbers") or ()) or str(one["case"])


def item(console: Console, one: JSON) -> None:
    console.print(f"[bold]{one['key']}[/]  {one['title']}")
    numbers = "  ".join(number["value"] for number in one.get("numbers") or ())
    console.print(f"case {one['case']}  {numbers}".rstrip() + f"  version {one['version']}")
    sender = one.get("sender_name") or one.get("sender") or "-"
    console.print(f"about {one.get('case_title') or '-'}  from {sender}", markup=False)
    received = local_time(one.get("received")) or "-"
    console.print(
        f"received {received}  due {_due(one) or '-'}  taken by {one.get('taken_by') or '-'}"
    )
    if alike := one.get("alike"):
        console.print(f"asked by {len(alike)} more: what you do here is done there too")
    if not one.get("is_open", True):
        console.print("  closed: nothing is left to do on it")
        return
    for name, event_type in one["actions"].items():
        typed = name.replace("_", "-")
        console.print(f"  casebus work {typed} {one['key']}  → {event_name(event_type)}")
        for need in one.get("requires", {}).get(name, ()):
            console.print(f"      {_need(need)}", markup=False)


def _need(need: JSON) -> str:
    where = f"--to, of sector {', '.join(need['sectors'])}" if need["sectors"] else _fields(need)
    return f"{need['what']} {need['what_en']} ({where}; {need['citation']})"


def _fields(need: JSON) -> str:
    among = " or ".join(need["where"])
    return f"{among}: {', '.join(need['papers'])}" if need["papers"] else among


def outcome(console: Console, found: JSON) -> None:
    event = found["event"]
    console.print(f"{found['status']}: event {event['id']} of {event['source']}")
    for finding in found.get("findings") or ():
        console.print(f"  {finding['severity']}: {finding['kind']}")
    for one in found.get("alike", ()):
        console.print(f"  and where the same is asked, {one['status']}: event {one['event']['id']}")
    if found["status"] == "pending":
        console.print("  It is on its way: give the same command again, or see `casebus history`.")

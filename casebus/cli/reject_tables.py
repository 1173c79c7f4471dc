"""Tables of `casebus rejects`: texts of strangers, made harmless for a terminal."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

from casebus.cli.output import foreign, table
from casebus.cli.wording import local_time
from casebus.sdk.gateway import JSON

#: The reason why a record is not sent again.
OBSTACLES = {
    "": "would be sent",
    "journaled": "no: its event stands in the journal",
    "not_kept": "no: its bytes were not kept",
    "no_event": "no: no case can be read of it",
    "waits_already": "no: a redrive waits to send it",
    "sent_too_often": "no: the same bytes were sent again three times",
    "same_bytes": "no: another of these has the same bytes",
    "cannot_pass": "no: the same bytes are rejected again; its sender signs a corrected copy",
}


def show_page(out: Console, page: JSON) -> None:
    groups = [
        (one["count"], one["reason"], one["door"], _span(one), one["wrong"])
        for one in page["groups"]
    ]
    out.print(table(("rejected", "reason", "door", "from – until", "what was wrong"), groups))
    rows = [[foreign(cell) for cell in _row(one)] for one in page["items"]]
    head = ("place", "at", "reason", "says it is of", "signed", "id", "detail")
    out.print(table(head, rows, whole=("place", "id")))
    for one in page["unverified"]:
        said = f"{one['count']} {one['reason']} at {one['door']}"
        out.print(f"under your name, not signed by you: {said}, last {local_time(one['last_at'])}")
    if page["groups"]:
        out.print("more of one: casebus rejects show PLACE")


def _row(one: JSON) -> tuple[Any, ...]:
    signed = "yes" if one["signed"] else "no"
    at = local_time(one["at"])
    return (one["place"], at, one["reason"], one["source"], signed, one["id"], one["detail"])


def _span(one: JSON) -> str:
    first, last = local_time(one["first_at"]), local_time(one["last_at"])
    return first if first == last else f"{first} – {last}"


def show_record(out: Console, found: JSON) -> None:
    out.print(f"[bold]{found['place']}[/]  {found['reason']}  {local_time(found['at'])}")
    out.print(f"{found['wrong']} {foreign(found['detail'])}".rstrip())
    out.print(f"→ {found['remedy']}")
    signed = "signed by it" if found["signed"] else "signed by no key of it"
    out.print(f"by {found['door']}, under the name {foreign(found['source'])}, {signed}")
    if found["journaled"]:
        out.print("Its event stands in the journal by now.")
    rows = [(foreign(one["name"]), foreign(_header(one))) for one in found["headers"]]
    out.print(table(("header", "text"), rows))
    if found["data"] is None:
        out.print(f"no body: {foreign(found['unreadable'])}")
        for line in (found["beginning"] or "").splitlines():
            out.print(foreign(line))
    else:
        text = json.dumps(found["data"], ensure_ascii=False, indent=2)
        for line in text.splitlines():
            out.print(foreign(line))
    for one in found["redrives"]:
        sent = local_time(one["sent_at"]) or "not sent"
        out.print(f"redrive {one['redrive']}, asked by {one['asked_by']}: {sent}")


def _header(one: JSON) -> str:
    return f"base64 {one['base64']}" if one["text"] is None else str(one["text"])


def show_plan(out: Console, plan: JSON) -> None:
    rows = [
        (
            *(one["place"], one["reason"], foreign(one["source"]), foreign(one["id"])),
            *(_says(one), foreign(_door(one.get("judgement")))),
        )
        for one in plan["records"]
    ]
    out.print(
        table(
            ("place", "reason", "source", "id", "sent again?", "the door now"),
            rows,
            whole=("place", "id"),
        )
    )
    if plan["redrive"] is None:
        out.print(f"{plan['sendable']} would be sent, within {plan['seconds']:.0f} s of agreement")
    else:
        out.print(f"redrive {plan['redrive']}: {plan['sendable']} records wait for a second person")
        out.print(f"another operator: casebus rejects agree {plan['redrive']}")


def _says(one: JSON) -> str:
    says = OBSTACLES.get(one["obstacle"], str(one["obstacle"]))
    return f"{says} ({one['times']} times before)" if one["times"] else says


def _door(judgement: JSON | None) -> str:
    """Admission's answer to the record today, if it was asked."""
    if judgement is None:
        return ""
    if not judgement["admitted"]:
        return f"rejects it: {judgement['reason']} {judgement['detail']}".rstrip()
    unreached = " ".join(judgement["unreached"])
    return f"takes it; reaches nobody as {unreached}" if unreached else "takes it"


def show_redrives(out: Console, found: list[JSON]) -> None:
    rows = [
        (
            one["redrive"],
            one["state"],
            f"{one['done']} of {one['records']}",
            one["asked_by"],
            local_time(one["asked_at"]),
            one["decided_by"],
            foreign(one["why"]),
        )
        for one in found
    ]
    head = ("redrive", "state", "done", "asked by", "at", "decided by", "why")
    out.print(table(head, rows))


def show_redrive(out: Console, one: JSON) -> None:
    show_redrives(out, [one])
    rows = [
        (each["place"], foreign(each["source"]), foreign(each["id"]), _came(each))
        for each in one["each"]
    ]
    out.print(table(("place", "source", "id", "outcome"), rows, whole=("place", "id")))


def _came(each: JSON) -> str:
    why = each["rejected_again"] or each["refused"]
    outcome = {"needless": "needless: the journal had it"}.get(each["outcome"], each["outcome"])
    return f"{outcome}: {why}" if why else str(outcome)


def show_suspended(out: Console, found: list[JSON]) -> None:
    if not found:
        out.print("nothing is suspended")
        return
    rows = [
        (
            one["case"] or f"partition {one['partition']}",
            one["agency"],
            local_time(one["since"]),
            foreign(one["why"]),
            one["ends"],
        )
        for one in found
    ]
    out.print(table(("case", "agency", "since", "why", "what ends it"), rows))

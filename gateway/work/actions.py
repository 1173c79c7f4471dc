"""An officer's act on a work item: an event through the front door, and its outcome.

One action at a time on one version of an item (design rule 18, actions of officers). The action
takes its place first, so that two officers do not both send. Two systems that never asked the
gateway end as one winner and one finding `superseded`, because the signed body carries the version
that they saw.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import uuid6

from casebus.admission.secrecy import refuse_state_secrets
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import agency_of
from casebus.events.legaltime import CHINA, LegalTime
from casebus.events.types import WORK_TAKEN, event_name, in_full
from gateway.entry import submission
from gateway.entry.cloudevents import Submission
from gateway.runtime.context import Gateway
from gateway.work import requirements
from storage import reads, submissions, work
from storage.handles import Handle
from storage.submissions import Finished, PendingAction

TAKE = "take"
#: An officer waits this long for the outcome, then hears `pending`.
PATIENCE = 2.0
_POLL_SECONDS = 0.02
#: After this, an action without a result no longer keeps others from acting.
_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Action:
    """An officer's act on the version of the item that was read."""

    word: str
    version: int
    actor: str
    data: dict[str, Any]
    #: Recipients; by default the opener of the item, else of the case.
    to: tuple[str, ...] | None = None
    legal_time: str | None = None

    def digest(self, key: str) -> bytes:
        asked = [key, self.word, self.version, self.actor, self.data, self.to, self.legal_time]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The event of an action; `settled` once it is in the journal and folded."""

    finished: Finished
    settled: bool
    findings: list[dict[str, Any]]


async def act(gateway: Gateway, agency: str, key: str, action: Action) -> ActionResult:
    """Send the action's event and wait for its outcome; raises CasebusError."""
    refuse_state_secrets(action.data)
    database = await gateway.database()
    item = await work.item(database, agency, key)
    if item is None:
        raise CasebusError("not_found")
    place, finished = await _placed(gateway, agency, item, action)
    await submission.send(gateway, finished)
    return await _outcome(gateway, agency, place, finished)


async def _placed(
    gateway: Gateway, agency: str, item: Any, action: Action
) -> tuple[PendingAction, Finished]:
    """Hold the item's version for this action and keep its event, or find a retry's event."""
    database = await gateway.database()
    digest = action.digest(item["key"])
    place = await submissions.pending(database, item["key"], action.version)
    if place is None or place.digest != digest:
        # A retried request may itself have changed the item, so only a new one is compared.
        _check(item, action)
        await _check_whole(gateway, agency, item, action)
        place = PendingAction(item["key"], action.version, digest, agency, str(uuid6.uuid7()))
    kept = await submissions.stored(database, agency, place.event_id)
    if kept is not None:
        return place, kept
    # An event that cannot be sent must not take the place.
    finished = _finish(gateway, agency, item, action, place)
    held = await submissions.reserve(database, place, _LIFETIME)
    if held.digest != digest:
        raise CasebusError("work_pending", "read the item again in a moment")
    if held != place:
        finished = _finish(gateway, agency, item, action, held)
    return held, await submission.keep(gateway, finished)


def _finish(
    gateway: Gateway, agency: str, item: Any, action: Action, place: PendingAction
) -> Finished:
    return submission.finish(gateway, agency, _event(agency, item, action, place.event_id))


def _check(item: Any, action: Action) -> None:
    """Raise if the action may not be done: by the item's state, or its possible acts."""
    view, what = item["view"], f"{item['view']['title']} ({item['duty']})"
    if not item["is_open"]:
        by = view["closed_by"] or {}
        detail = f"{what} was closed by event {by.get('id')} of {by.get('source')}"
        raise CasebusError("work_closed", f"{detail}; nothing is left to do on it")
    offers = f"it offers {', '.join(sorted(view['actions']))}"
    if item["version"] != action.version:
        by = view["changed_by"]
        detail = f"{what} is at version {item['version']} since event {by['id']} of {by['source']}"
        raise CasebusError("work_changed", f"{detail}; {offers}")
    if action.word not in view["actions"]:
        raise CasebusError("unknown_action", f"{what} has no `{action.word}`; {offers}")
    event_type = in_full(view["actions"][action.word])
    if event_type == WORK_TAKEN and view["taken_by"] == action.actor:
        raise CasebusError("already_taken", f"{what} is taken by {action.actor} already; {offers}")


async def _check_whole(gateway: Gateway, agency: str, item: Any, action: Action) -> None:
    """Sign no act that lacks something the law requires on the day of the act."""
    acts = await requirements.acts_of(gateway, item["law"])
    event_type = in_full(item["view"]["actions"][action.word])
    legal = LegalTime.entered(action.legal_time) if action.legal_time else None
    day = legal.date if legal else gateway.now().astimezone(CHINA).date()
    to = [one for one in _recipients(agency, event_type, item, action) if one != agency]
    about = f"`{action.word}` ({event_name(event_type)}) of {item['view']['title']}"
    needs = acts.needs(event_name(event_type), day)
    requirements.refuse_incomplete(gateway, needs, about=about, body=action.data, to=to)


def _event(agency: str, item: Any, action: Action, event_id: str) -> Submission:
    event_type = in_full(item["view"]["actions"][action.word])
    opened_by, changed_by = item["view"]["opened_by"], item["view"]["changed_by"]
    signed = {"actor": action.actor, "work_item": item["key"], "work_version": action.version}
    data = {**action.data, **signed}
    if event_type == WORK_TAKEN:
        data["agency"] = agency
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "type": event_type,
        "source": agency,
        "subject": str(item["stream"]),
        # After the event that opened the item, and after the act before. Otherwise an act with a
        # bare date, which counts as midnight, would be folded before the take of the same day.
        "causationid": " ".join(dict.fromkeys((opened_by["id"], changed_by["id"]))),
        "to": " ".join(_recipients(agency, event_type, item, action)),
        "legaltime": action.legal_time or "",
    }
    return Submission({name: text for name, text in attributes.items() if text}, data=data)


def _recipients(agency: str, event_type: str, item: Any, action: Action) -> tuple[str, ...]:
    """The agency that the act answers: the item's opener or, if that is itself, the case's."""
    if action.to is not None:
        return action.to
    if event_type == WORK_TAKEN:
        return ()
    waiting = (agency_of(item["view"]["opened_by"]["source"]), item["opener"])
    return next(((one,) for one in waiting if one and one not in {agency, BUS}), ())


async def _outcome(
    gateway: Gateway, agency: str, place: PendingAction, finished: Finished
) -> ActionResult:
    database = await gateway.database()
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while loop.time() < until:
        row = await reads.event(database, agency, finished.source, finished.event_id)
        if row is not None:
            return await _settled(database, agency, finished)
        handed_in = await reads.submission(database, agency, finished.source, finished.event_id)
        if handed_in is not None and handed_in["reason"] is not None:
            await submissions.release(database, place)
            raise CasebusError("action_rejected", handed_in["reason"])
        await asyncio.sleep(_POLL_SECONDS)
    return ActionResult(finished, settled=False, findings=[])


async def _settled(database: Handle, agency: str, finished: Finished) -> ActionResult:
    about = {"source": finished.source, "id": finished.event_id}
    rows = await reads.findings(database, agency, finished.stream)
    findings = [row["view"] for row in rows if row["view"]["event"] == about]
    if any(one["kind"] == "superseded" for one in findings):
        raise CasebusError("superseded", "read the item again")
    return ActionResult(finished, settled=True, findings=findings)

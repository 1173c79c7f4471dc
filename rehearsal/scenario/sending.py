"""The ways in which a step reaches the bus, each from outside: CLI, gateway, work item, Kafka."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import agency_of
from casebus.events.schemas import Schemas
from casebus.sdk.doors import DoorOf
from casebus.sdk.event import NewEvent
from casebus.sdk.finishing import check, envelope, sign_together
from casebus.sdk.publisher import KafkaSink
from casebus.sdk.store import StoredRecord
from casebus.settings import Settings
from casebus.signing.keyring import Keyring
from casebus.trust.signing import Draft
from rehearsal.scenario.acting import actor_of
from rehearsal.scenario.storyline import StorylineStep
from rehearsal.scenario.users import User
from rehearsal.scenario.waiting import until
from rehearsal.scenario.world import JSON, Identity


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step ready to be sent: every word of the storyline replaced by an id."""

    step: StorylineStep
    id: str
    source: str
    stream: str
    to: tuple[str, ...]
    causation: tuple[str, ...]
    data: JSON

    @property
    def agency(self) -> str:
        return agency_of(self.source)


def by_http(user: User, order: ReadyStep) -> Identity:
    """A structured CloudEvent, as any HTTP client sends it."""
    step = order.step
    attributes = {
        "specversion": "1.0",
        "id": order.id,
        "type": step.ce_type,
        "source": order.source,
        "subject": order.stream,
        "to": " ".join(order.to),
        "legaltime": str(step.legal),
        "causationid": " ".join(order.causation),
        "testdata": "true",
    }
    given = {name: text for name, text in attributes.items() if text}
    taken = user.gateway.submit({**given, "data": order.data})
    return (order.source, taken["id"])


def by_work(user: User, order: ReadyStep) -> Identity:
    """The officer takes the item that the step answers, and acts on it."""
    item = open_item(user, order)
    step, actor = order.step, actor_of(order.step, order.agency)
    version = item["version"]
    if not item.get("taken_by"):
        user.gateway.act(item["key"], "take", {"version": version, "actor": actor})
        version = once_taken(user, item["key"])["version"]
    act = {"data": order.data, "to": list(order.to), "legal_time": str(step.legal)}
    done = user.gateway.act(item["key"], step.action, {"version": version, "actor": actor, **act})
    return (done["event"]["source"], done["event"]["id"])


def by_cli(user: User, order: ReadyStep) -> Identity:
    """`casebus publish`, or `casebus work` if the step answers a work item."""
    step = order.step
    if not step.duty:
        event = {
            "type": step.type,
            "id": order.id,
            "source": order.source,
            "case": order.stream,
            "to": list(order.to),
            "legal_time": str(step.legal),
            "causation": list(order.causation),
            "data": order.data,
            "testdata": True,
        }
        [sent] = user.casebus("publish", "-", given=event)
        return (order.source, sent["id"])
    item = open_item(user, order)
    who = ["--actor", actor_of(step, order.agency)]
    user.casebus("work", "take", item["key"], *who)
    once_taken(user, item["key"])
    to = [word for one in order.to for word in ("--to", one)]
    data = ["--data", json.dumps(order.data, ensure_ascii=False), "--on", str(step.legal)]
    done = user.casebus("work", step.action.replace("_", "-"), item["key"], *who, *to, *data)
    return (done["event"]["source"], done["event"]["id"])


def open_item(user: User, order: ReadyStep) -> JSON:
    """The agency's open item of the step's duty, once the case shows it."""
    step = order.step

    def found() -> JSON | None:
        for one in user.case(order.stream).get("work", ()):
            mine = (one["agency"], one["duty"]) == (order.agency, step.duty)
            if mine and one["closed_by"] is None:
                return dict(one)
        return None

    return until(found, f"{order.agency} has {step.duty} to do")


def once_taken(user: User, key: str) -> JSON:
    """The item, once it shows its taker: an act may be on its way for a moment."""

    def found() -> JSON | None:
        item = user.gateway.work_item(key)
        return item if item.get("taken_by") else None

    return until(found, f"{key} was taken")


class FrontDoor:
    """Finished, signed records sent to a door: by an agency's own system or by a machine.

    Safe for threads. `settings_of` gives the account that may write for an agency, `door_of` the
    door.
    """

    def __init__(
        self,
        settings_of: Callable[[str], Settings],
        schemas: Schemas,
        door_of: DoorOf,
    ) -> None:
        self._settings_of, self._schemas, self._door_of = settings_of, schemas, door_of
        self._sinks: dict[str, KafkaSink] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        for sink in self._sinks.values():
            sink.close()

    def send(self, order: ReadyStep) -> Identity:
        """Send with the step's `at` as its time; twice if the step wants it."""
        record = self._finished(order)
        with self._lock:
            for _ in range(2 if order.step.twice else 1):
                [answer] = self._sink(order.agency).send([record])
                if isinstance(answer, CasebusError):
                    raise answer
        return (order.source, order.id)

    def _sink(self, agency: str) -> KafkaSink:
        settings = self._settings_of(agency)
        user = settings.kafka_username or ""
        if user not in self._sinks:
            self._sinks[user] = KafkaSink(settings)
        return self._sinks[user]

    def _finished(self, order: ReadyStep) -> StoredRecord:
        step = order.step
        event = NewEvent(
            type=step.type,
            data=order.data,
            stream=order.stream,
            source=order.source,
            to=order.to,
            legal=step.legal,
            causation=order.causation,
            id=order.id,
            time=step.at,
            testdata=True,
        )
        checked = check(event, self._schemas, order.source)
        draft = Draft(envelope(checked, None, step.at), checked.value)
        keys = Keyring(self._settings_of(order.agency).keys_dir)
        [record] = sign_together([draft], keys, self._schemas)
        return StoredRecord(
            source=order.source,
            stream=order.stream,
            id=order.id,
            sequence=0,
            request=checked.request,
            topic=self._door_of(order.agency),
            record=record,
        )


def outcome(user: User, identity: Identity) -> None:
    """Wait until the event is journaled and folded; raises CasebusError if it is rejected."""

    def settled() -> JSON | None:
        known: dict[str, Any] = user.outcome(*identity)
        return known if known.get("status") in ("journaled", "rejected") else None

    known = until(settled, f"{identity[0]} {identity[1]} is journaled")
    if known["status"] == "rejected":
        raise CasebusError(str(known["reason"]), str(known.get("detail") or ""))

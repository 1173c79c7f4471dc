"""Plays a storyline step by step on scenario time, and waits for the bus after each step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from casebus.errors import CasebusError
from casebus.now import set_scenario_time
from onebox.scenario.lines import Step
from onebox.scenario.users import User

#: Called after each step with what came of it.
Follow = Callable[[Step], None]
UserOf = Callable[[str], User]
Found = TypeVar("Found")

#: How long the bus may take for one step before the play is given up.
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.1
#: Taking a work item and acting on it are two moments.
_READING = timedelta(minutes=-5)


class Player:
    """One case; `case` is its id once the first step is on the bus."""

    def __init__(self, user_of: UserOf, time_file: Path) -> None:
        self.case = ""
        #: Label of each step played → id of its event.
        self.events: dict[str, str] = {}
        self._user_of = user_of
        self._time_file = time_file

    def play(self, steps: Iterable[Step], follow: Follow = lambda _step: None) -> None:
        """Raises CasebusError where a step is refused or the bus does not answer."""
        for step in steps:
            self._play(step)
            follow(step)

    def _play(self, step: Step) -> None:
        if step.channel == "bus":
            self.move(step.at)
            self._await_word(step)
            return
        user = self._user_of(step.author)
        event = self._answer_work(user, step) if step.duty else self._publish(user, step)
        self.case = self.case or event["case"]
        self.events[step.label] = event["id"]
        self._await_delivery(user, event["id"])

    def move(self, moment: datetime) -> None:
        set_scenario_time(self._time_file, moment)

    def _publish(self, user: User, step: Step) -> dict[str, Any]:
        self.move(step.at)
        if step.channel == "gateway":
            return self._submit(user, step)
        event = {
            "type": step.type,
            "case": self.case or None,
            "to": list(step.to),
            "legal_time": step.legal,
            "causation": self._ids(step),
            "data": step.data,
            "testdata": True,
        }
        sent = user.casebus("publish", "-", given=event)
        return dict(sent[0])

    def _submit(self, user: User, step: Step) -> dict[str, Any]:
        """The event as any HTTP client sends it: a structured CloudEvent."""
        taken = user.gateway.submit(
            {
                "specversion": "1.0",
                "id": f"{step.label}-{self.case}",
                "type": step.ce_type,
                "source": step.author,
                "subject": self.case,
                "to": " ".join(step.to),
                "legaltime": step.legal,
                "causationid": " ".join(self._ids(step)),
                "testdata": "true",
                "data": step.data,
            }
        )
        return {"id": taken["id"], "case": taken["subject"]}

    def _answer_work(self, user: User, step: Step) -> dict[str, Any]:
        self.move(step.at + _READING)
        item = _until(lambda: self._item(user, step.duty), f"{step.author} has {step.duty} to do")
        if step.channel == "cli":
            return self._by_cli(user, step, item["key"])
        return self._by_gateway(user, step, item)

    def _item(self, user: User, duty: str) -> dict[str, Any] | None:
        items = user.gateway.work()
        mine = (one for one in items if (one["case"], one["duty"]) == (self.case, duty))
        return next(mine, None)

    def _by_cli(self, user: User, step: Step, key: str) -> dict[str, Any]:
        who = ["--actor", actor(step.author)]
        user.casebus("work", "take", key, *who)
        self.move(step.at)
        to = [word for one in step.to for word in ("--to", one)]
        data = ["--data", json.dumps(step.data, ensure_ascii=False), "--on", step.legal]
        action = step.action.replace("_", "-")
        return self._done(user.casebus("work", action, key, *who, *to, *data))

    def _by_gateway(self, user: User, step: Step, item: dict[str, Any]) -> dict[str, Any]:
        request = {"version": item["version"], "actor": actor(step.author)}
        if not item.get("taken_by"):
            taken = user.gateway.act(item["key"], "take", request)
            self._done(taken)
            request["version"] = user.gateway.work_item(item["key"])["version"]
        self.move(step.at)
        act = {"data": step.data, "to": list(step.to), "legal_time": step.legal}
        return self._done(user.gateway.act(item["key"], step.action, request | act))

    def _done(self, outcome: dict[str, Any]) -> dict[str, Any]:
        event = outcome["event"]
        return {"id": event["id"], "case": event["subject"]}

    def _ids(self, step: Step) -> list[str]:
        return [self.events[label] for label in step.causes]

    def _await_delivery(self, user: User, event: str) -> None:
        """Until the event is journaled and folded, and stands in each recipient's inbox."""
        known = user.gateway.await_event(user.agency, event, PATIENCE_SECONDS)
        if known.get("status") != "journaled":
            raise CasebusError(str(known.get("reason") or "not_journaled"), f"event {event}")

        def delivered() -> bool:
            proved = user.gateway.receipts(user.agency, event)
            reached = {one["agency"] for one in proved["delivered"]}
            return reached >= set(proved["recipients"])

        _until(delivered, f"event {event} is delivered")

    def _await_word(self, step: Step) -> None:
        """Until the bus itself has said what the step expects of it, to each of its agencies."""
        for agency in step.to:
            said = partial(self._said, self._user_of(agency), step)
            _until(said, f"{agency} hears {step.type}")

    def _said(self, user: User, step: Step) -> bool:
        try:
            history = user.gateway.history(self.case)
        except CasebusError as error:
            if error.code != "not_found":
                raise
            # The agency takes part in the case from the moment it is told.
            return False
        return any(
            event["type"] == step.ce_type and step.data.items() <= event["data"].items()
            for event in history
        )


def actor(agency: str) -> str:
    """The pseudonym of the agency's officer in the play."""
    return f"{agency.rpartition('-')[2]}-officer-01"


def _until(ask: Callable[[], Found | None], what: str) -> Found:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        if time.monotonic() > deadline:
            raise CasebusError("no_answer", f"after {PATIENCE_SECONDS:.0f} s, not yet: {what}")
        time.sleep(_LOOK_SECONDS)
    return found

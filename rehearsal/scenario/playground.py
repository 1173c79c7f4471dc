"""A stack, its users, and the example history: the place where storylines are played."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from casebus.cases.visibility import Access
from casebus.errors import CasebusError
from casebus.events.doors import door_of
from casebus.events.legaltime import CHINA
from casebus.events.schemas import Schemas
from casebus.events.topics import ADMIN
from casebus.law import Law
from casebus.now import set_scenario_time
from casebus.settings import Settings
from onebox.agencies import agencies_file
from onebox.testing import Stack
from operations.provision.agencies import read_agencies
from operations.verify.checks import verify
from operations.verify.jobs import collect_seldom
from rehearsal.scenario.player import Player
from rehearsal.scenario.rehearse import Rehearser
from rehearsal.scenario.sending import FrontDoor
from rehearsal.scenario.stage import OwnInbox, Stage
from rehearsal.scenario.storyline import Storyline
from rehearsal.scenario.users import User

EXAMPLES = Path(__file__).parents[2] / "examples"
SPREADSHEET = EXAMPLES / "referrals-2025.csv"
#: The city bureau that imports the spreadsheets of its districts.
IMPORTER = "cn-330100-amr"
#: The day before the first storyline begins.
BEFORE = datetime(2026, 3, 1, 9, 0, tzinfo=CHINA)

_PATIENCE = timedelta(minutes=3)
_SETTLING = timedelta(seconds=30)
_LOOK_SECONDS = 0.2


class Playground:
    """All participants on one stack, each with its own credentials.

    Use it as a context manager to play storylines.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._users: dict[str, User] = {}
        self._inboxes: dict[str, OwnInbox] = {}
        self._open = ExitStack()
        self.offices = {one.id: one for one in read_agencies(agencies_file())}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def user(self, agency: str) -> User:
        if agency not in self._users:
            environment = self._stack.environment(agency)
            self._users[agency] = User(environment, self._stack.settings(agency))
        return self._users[agency]

    def player(self, storylines: Sequence[Storyline], *, by_cli: bool = True) -> Player:
        """Rehearses first, so that the scheduler's statements and their moments are known."""
        law = Law.load(self._admin.policies_dir / "law")
        rehearser = Rehearser(
            storylines,
            schemas=self._schemas,
            law=law,
            offices=self.offices.values(),
            access=Access.load(self._admin.policies_dir),
        )
        rehearser.play()
        return Player(
            storylines,
            user_of=self.user,
            front_door=self._front_door,
            stage=lambda viewers: Stage(self.user, self.own_inbox, viewers),
            time_file=self._stack.home.scenario_time,
            speeches=rehearser.speeches,
            by_cli=by_cli,
        )

    def own_inbox(self, agency: str) -> OwnInbox | None:
        """The inbox of an agency with its own system; None for any other."""
        if self.offices[agency].delivery != "kafka":
            return None
        if agency not in self._inboxes:
            self._inboxes[agency] = OwnInbox(self._stack.settings(agency))
            self._open.callback(self._inboxes[agency].close)
        return self._inboxes[agency]

    def import_history(self, spreadsheet: Path = SPREADSHEET) -> dict[str, Any]:
        """`casebus import` by the installation's admin for the city bureau; returns its summary.

        Only the machine with every key can sign the acts of all districts.
        """
        set_scenario_time(self._stack.home.scenario_time, BEFORE)
        bureau = self._stack.environment(IMPORTER)
        account = {name: bureau[name] for name in ("CASEBUS_AGENCY", "CASEBUS_API_KEY")}
        environment = {**self._stack.environment(ADMIN), **account}
        settings = self._stack.settings(IMPORTER)
        done = User(environment, settings).casebus(
            "import", str(spreadsheet), "--actor", "amr-officer-01"
        )
        return dict(done)

    def await_cases(self, openers: list[str], count: int) -> None:
        """Wait until these agencies see so many cases of their own.

        Raises CasebusError `no_answer`.
        """
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        # One question to the operator's desk while they come; one to each agency when they are
        # there.
        while (seen := self._recorded(openers)) < count or (
            seen := len(self.cases_opened_by(openers))
        ) < count:
            if time.monotonic() > deadline:
                raise CasebusError("no_answer", f"{seen} of {count} imported cases are there")
            time.sleep(_LOOK_SECONDS)

    def _recorded(self, openers: list[str]) -> int:
        counted = self.user(ADMIN).gateway.count_cases(by="agency")["items"]
        return sum(one["count"] for one in counted if one["value"] in openers)

    def cases_opened_by(self, openers: list[str]) -> set[str]:
        return {
            case["id"]
            for agency in openers
            for case in self.user(agency).gateway.cases()
            if case["opener"] == agency
        }

    def await_agreement(self) -> dict[str, Any]:
        """The first report of `casebus verify` that finds nothing, else the last one.

        A record that is still on its way is no disagreement. The play waits for it.
        """
        collect_seldom()
        deadline = time.monotonic() + _SETTLING.total_seconds()
        while True:
            report = asyncio.run(verify(self._admin))
            if report.ok or time.monotonic() > deadline:
                return report.to_json()
            time.sleep(_LOOK_SECONDS)

    def inbox(self, agency: str, case: str) -> list[dict[str, Any]]:
        """The events of a case that an agency was sent, from its own kind of inbox."""
        return [one for one in self.user(agency).inbox() if one["case"] == case]

    @cached_property
    def _admin(self) -> Settings:
        return self._stack.settings(ADMIN)

    @cached_property
    def _schemas(self) -> Schemas:
        return Schemas.load(self._admin.schemas_dir)

    @cached_property
    def _front_door(self) -> FrontDoor:
        door = FrontDoor(self._account_of, self._schemas, self._door_of)
        self._open.callback(door.close)
        return door

    def _account_of(self, agency: str) -> Settings:
        """Its own, or that of the machine that holds the keys of all hosted agencies."""
        return self._stack.settings(agency) if self._is_on_kafka(agency) else self._admin

    def _door_of(self, agency: str) -> str:
        own = agency if self._is_on_kafka(agency) else ""
        return door_of(self.offices[agency].sector, own)

    def _is_on_kafka(self, agency: str) -> bool:
        return self.offices[agency].delivery == "kafka"

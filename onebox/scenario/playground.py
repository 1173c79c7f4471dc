"""A stack, its users, and the example history: where a storyline is played."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.now import set_scenario_time
from onebox.scenario.player import Player
from onebox.scenario.users import User
from onebox.testing import Stack
from onebox.verify.checks import verify

EXAMPLES = Path(__file__).parents[2] / "examples"
STORYLINE = EXAMPLES / "storyline-1.jsonl"
SPREADSHEET = EXAMPLES / "referrals-2025.csv"
#: The city bureau that imports what its districts kept in a spreadsheet.
IMPORTER = "cn-330100-amr"
#: The day before the storyline begins.
BEFORE = datetime(2026, 3, 1, 9, 0, tzinfo=CHINA)
ADMIN = "admin"

_PATIENCE = timedelta(minutes=3)
_SETTLING = timedelta(seconds=30)
_LOOK_SECONDS = 0.5


class Playground:
    """Everybody who has a part on one stack, each with their own credentials."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._users: dict[str, User] = {}

    def user(self, agency: str) -> User:
        if agency not in self._users:
            environment = self._stack.environment(agency)
            self._users[agency] = User(environment, self._stack.settings(agency))
        return self._users[agency]

    def player(self) -> Player:
        return Player(self.user, self._stack.home.scenario_time)

    def import_history(self, spreadsheet: Path = SPREADSHEET) -> dict[str, Any]:
        """`casebus import` by the installation's admin for the city bureau; returns its summary.

        The machine that holds every key is the only one that can sign what all districts did.
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
        """Until these agencies see so many cases of their own; raises CasebusError `no_answer`."""
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while (seen := len(self.cases_opened_by(openers))) < count:
            if time.monotonic() > deadline:
                raise CasebusError("no_answer", f"{seen} of {count} imported cases are there")
            time.sleep(_LOOK_SECONDS)

    def cases_opened_by(self, openers: list[str]) -> set[str]:
        return {
            case["id"]
            for agency in openers
            for case in self.user(agency).gateway.cases()
            if case["opener"] == agency
        }

    def await_agreement(self) -> dict[str, Any]:
        """The first report of `casebus verify` that finds nothing, else the last one.

        What is still on its way is no disagreement: it is waited for.
        """
        deadline = time.monotonic() + _SETTLING.total_seconds()
        settings = self._stack.settings(ADMIN)
        while True:
            report = asyncio.run(verify(settings))
            if report.ok or time.monotonic() > deadline:
                return report.to_json()
            time.sleep(_LOOK_SECONDS)

    def inbox(self, agency: str, case: str) -> list[dict[str, Any]]:
        """What an agency was sent of a case, from wherever it has its inbox."""
        return [one for one in self.user(agency).inbox() if one["case"] == case]

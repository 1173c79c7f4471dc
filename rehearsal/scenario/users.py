"""One agency's people in front of their terminal and their gateway key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from casebus.errors import CasebusError
from casebus.sdk.gateway import Gateway
from casebus.settings import Settings
from rehearsal.scenario import terminal


class User:
    """Acts for one agency with nothing but its own credentials."""

    def __init__(self, environment: Mapping[str, str], settings: Settings) -> None:
        self._environment = environment
        self.agency = settings.agency
        self.gateway = Gateway(settings)

    def inbox(self) -> list[dict[str, Any]]:
        """All deliveries to the agency, by the command, which finds the place of its inbox."""
        return list(self.casebus("inbox"))

    def case(self, case: str) -> dict[str, Any]:
        """The case as the agency sees it; empty if it sees none."""
        return _or_empty(lambda: self.gateway.case(case))

    def history(self, case: str) -> list[dict[str, Any]]:
        try:
            return self.gateway.history(case)
        except CasebusError as error:
            if error.code != "not_found":
                raise
            return []

    def outcome(self, source: str, event: str) -> dict[str, Any]:
        """The outcome of an event; empty while it is not known."""
        return _or_empty(lambda: self.gateway.event(source, event))

    def casebus(self, *arguments: str, given: Any = None) -> Any:
        """Run a command with --json; `given` goes in as JSON on stdin, JSON or its lines come out.

        Raises CasebusError with the command's own code if it refuses. If it answers, its findings
        are in the answer.
        """
        said = "" if given is None else json.dumps(given, ensure_ascii=False)
        done = terminal.run([*arguments, "--json"], self._environment, said)
        if done.code and not done.output:
            raise _refusal(done.errors)
        return _answer(done.output)


def _or_empty(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except CasebusError as error:
        if error.code != "not_found":
            raise
        return {}


def _answer(stdout: str) -> Any:
    """One JSON value, or the list of values if there is one on each line."""
    try:
        return json.loads(stdout)
    except ValueError:
        return [json.loads(line) for line in stdout.splitlines()]


def _refusal(stderr: str) -> CasebusError:
    last = stderr.strip().rpartition("\n")[2]
    try:
        error = json.loads(last)["error"]
    except (ValueError, KeyError, TypeError):
        return CasebusError("command_failed", stderr.strip())
    return CasebusError(error["code"], error["detail"])

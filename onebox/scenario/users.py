"""One agency's people in front of their terminal and their gateway key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from casebus.errors import CasebusError
from casebus.sdk.gateway import Gateway
from casebus.settings import Settings

_SECONDS = 120


class User:
    """Acts for one agency with nothing but its own credentials."""

    def __init__(self, environment: Mapping[str, str], settings: Settings) -> None:
        self._environment = environment
        self.agency = settings.agency
        self.gateway = Gateway(settings)

    def inbox(self) -> list[dict[str, Any]]:
        """All that the agency was sent: by the command, which finds where its inbox is kept."""
        return list(self.casebus("inbox"))

    def casebus(self, *arguments: str, given: Any = None) -> Any:
        """Run a command with --json; `given` goes in as JSON on stdin, JSON or its lines come out.

        Raises CasebusError with the command's own code where it refuses.
        """
        done = subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-m", "casebus.cli.main", *arguments, "--json"],
            input=None if given is None else json.dumps(given, ensure_ascii=False),
            env={**os.environ, **self._environment},
            capture_output=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise _refusal(done.stderr)
        return _answer(done.stdout)


def _answer(stdout: str) -> Any:
    """One JSON value, or the list of those that stand one a line."""
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

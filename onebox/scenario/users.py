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

    def casebus(self, *arguments: str, given: Any = None) -> Any:
        """Run a command with --json; `given` goes in as JSON on stdin.

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
        return json.loads(done.stdout) if done.stdout.strip() else None


def _refusal(stderr: str) -> CasebusError:
    last = stderr.strip().rpartition("\n")[2]
    try:
        error = json.loads(last)["error"]
    except (ValueError, KeyError, TypeError):
        return CasebusError("command_failed", stderr.strip())
    return CasebusError(error["code"], error["detail"])

"""The laws that cases were derived under, by digest, each loaded once."""

from __future__ import annotations

from typing import Any

from casebus.errors import CasebusError
from casebus.law import Law
from storage import law as bundles


class Lawbooks:
    """Starts with the installed law; others come from the bundles kept in the database."""

    def __init__(self, installed: Law) -> None:
        self.installed = installed
        self._known = {installed.digest: installed}

    async def get(self, connection: Any, digest: str) -> Law:
        """The law of this digest; raises CasebusError `law_unknown`: casework waits for it."""
        known = self._known.get(digest)
        if known is None:
            body = await bundles.bundle(connection, digest)
            if body is None:
                raise CasebusError("law_unknown", f"no bundle {digest} is kept")
            known = self._known[digest] = Law.from_bundle(body)
        return known

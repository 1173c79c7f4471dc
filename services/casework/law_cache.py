"""The laws that cases were derived under, by digest, each loaded once."""

from __future__ import annotations

from casebus.errors import CasebusError
from casebus.law import Law
from storage import law as bundles
from storage.handles import Connection

#: Casework waits in that case.
UNKNOWN = "law_unknown"


class MissingLawError(CasebusError):
    """`law_unknown`, and the adoption that names the law; empty if none does."""

    def __init__(self, digest: str, adoption: str = "") -> None:
        super().__init__(UNKNOWN, f"no bundle {digest} is kept")
        self.digest, self.adoption = digest, adoption


class LawCache:
    """Starts with the installed law; others come from the bundles kept in the database."""

    def __init__(self, installed: Law) -> None:
        self.installed = installed
        self._known = {installed.digest: installed}
        #: Adoptions that the journal voids, as far as this process has read it.
        self.voided: set[str] = set()

    async def has(self, connection: Connection, digest: str) -> bool:
        """True if its bundle is kept."""
        known = digest in self._known
        return known or await bundles.bundle(connection, digest) is not None

    async def get(self, connection: Connection, digest: str) -> Law:
        """The law of this digest; raises MissingLawError, on which casework waits."""
        known = self._known.get(digest)
        if known is None:
            body = await bundles.bundle(connection, digest)
            if body is None:
                raise MissingLawError(digest)
            known = self._known[digest] = Law.from_bundle(body)
        return known

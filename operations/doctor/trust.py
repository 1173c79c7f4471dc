"""Keys: those that the directory trusts, and the records that wait for a trusted one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from casebus.errors import CasebusError
from casebus.events.legaltime import in_china
from casebus.events.schemas import Schemas
from casebus.kafka.directory import read_directory
from casebus.sdk.doctor import Check
from casebus.settings import Settings
from casebus.signing.keyring import Keyring
from casebus.trust.directory import Directory
from casebus.trust.keys import SigningKey
from storage.resaying import RejectedForKey

_SHOWN = 5


def examine_keys(settings: Settings, folders: Iterable[Path]) -> Iterator[Check]:
    """Each key in these folders, by the present directory."""
    try:
        directory = read_directory(settings, Schemas.load(settings.schemas_dir))
    except CasebusError as error:
        yield Check("keys", "wrong", f"the directory cannot be read: {error}")
        return
    rings = [Keyring(folder) for folder in folders]
    held = [(ring, name) for ring in rings for name in ring.agencies()]
    faults = [(name, why) for ring, name in held if (why := _fault(ring, name, directory))]
    if not faults:
        yield Check("keys", "ok", f"the directory trusts all {len(held)}")
    for name, why in faults:
        remedy = f"casebus keys new {name}, then: casebus keys add {name} (docs/operations.md)"
        yield Check(f"key of {name}", "wrong", why, remedy)


def _fault(ring: Keyring, name: str, directory: Directory) -> str | None:
    try:
        return why_untrusted(ring.key(name), name, directory)
    except CasebusError as error:
        return error.detail


def why_untrusted(key: SigningKey, agency: str, directory: Directory) -> str | None:
    """The reason why admission would reject records of this key now; None if it would not."""
    entry = directory.key(key.keyid)
    if entry is None:
        return f"the directory does not know {key.keyid}"
    if entry.agency != agency:
        return f"{key.keyid} is the key of {entry.agency}"
    if entry.revoked_at is not None:
        return f"{key.keyid} was revoked at {in_china(entry.revoked_at)}"
    if not entry.valid_at(datetime.now(UTC)):
        return f"{key.keyid} is not valid now"
    return None


def unsaid(rows: list[RejectedForKey]) -> Check:
    """Records that were rejected for their key and not sent again under another key."""
    if not rows:
        return Check("rejected for their key", "ok", "nothing waits to be said again")
    sources = sorted({row.source for row in rows})
    says = f"{len(rows)} records of {', '.join(sources[:_SHOWN])} wait for a key that is trusted"
    return Check("rejected for their key", "wrong", says, "casebus keys list; see the keys above")

"""Development passwords and keys: made at random once, kept in one file of mode 0600."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from casebus.errors import CasebusError
from onebox.places import Home
from operations.provision.credentials import InstallationSecrets

#: Two people beside `admin`: the person who asks for a redrive may not agree to it.
OPERATORS = ("ops-1", "ops-2")


@dataclass(slots=True)
class Credentials(InstallationSecrets):
    """All secrets of a stack: those of its installation, and those of its embedded backends."""

    cluster_id: str = ""
    #: The password of the database's owner.
    postgres: str = ""


def load(home: Home) -> Credentials:
    """The content of the file, completed by the needs of any stack.

    Raises CasebusError `credentials_unreadable`: new ones would open none of the existing data.
    """
    credentials = _stored(home.credentials) or Credentials()
    credentials.cluster_id = credentials.cluster_id or _cluster_id()
    credentials.postgres = credentials.postgres or secrets.token_urlsafe(24)
    for user in ("admin", "broker"):
        credentials.kafka_password(user)
    for name in OPERATORS:
        credentials.operator_key(name)
    return credentials


def _stored(path: Path) -> Credentials | None:
    try:
        return Credentials(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise CasebusError("credentials_unreadable", f"{path} is cut off or altered") from error


def save(home: Home, credentials: Credentials) -> None:
    write_private(home.credentials, json.dumps(asdict(credentials), indent=1).encode())


def write_private(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file that only its owner can read from its first byte on, never half written.

    `durable` forces it to the disk first: a power cut would leave an empty file in its place.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        opened = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "wb") as handle:
            handle.write(content)
            handle.flush()
            if durable:
                os.fsync(handle.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def _cluster_id() -> str:
    """Kafka's form of a UUID: 22 characters of URL-safe base64, not beginning with a dash."""
    while (candidate := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return candidate

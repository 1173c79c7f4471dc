"""A PostgreSQL role for each service, with the rights that its work needs and no others.

The owner of the tables runs migrations and an operator's commands. Rights are given again at every
migration and every start, so that a restored database has them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from fnmatch import fnmatchcase

import asyncpg

from casebus.sql import quoted
from storage.handles import Connection
from storage.queries import load

_SQL = load("roles")
#: By service: the tables, `schema.name` with wildcards, and the allowed operations.
_READ, _WRITE = "select", "select, insert, update, delete"
GRANTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "casework": (
        ("derived.*", _WRITE),
        ("own.installation", "select, update"),
        ("own.law_bundle", "select, insert"),
        ("own.outbox", "select, insert"),
        ("own.spoken", "select, insert, update"),
        ("own.rejected", "select, insert"),
        ("own.rejected_position", "select, insert, update"),
        ("own.heartbeat", "select, insert, update"),
        ("own.clock_held", "select, insert, delete"),
        ("own.stalled", "select, insert, update, delete"),
        ("own.adoption_voided", "select, insert"),
        ("own.clock_said", _READ),
        ("own.submission", _READ),
        ("own.redriven", _READ),
        ("own.on_its_way", _READ),
    ),
    "scheduler": (
        ("derived.*", _READ),
        # It locks a case's row. This needs a right to a column, one that nobody would change.
        ("derived.case_state", "update (stream)"),
        ("derived.changed_organisation", "update, delete"),
        ("derived.changed_right", "update, delete"),
        ("own.installation", _READ),
        ("own.rejected", _READ),
        ("own.on_its_way", _READ),
        ("own.outbox", "select, insert, update"),
        ("own.submission", "select, update"),
        ("own.redrive", _READ),
        ("own.redriven", "select, update"),
        ("own.heartbeat", "select, insert, update"),
        ("own.place", "select, insert, update, delete"),
        ("own.clock_said", "select, insert"),
        ("own.clock_held", "select, insert, delete"),
        ("own.question_position", "select, insert, update"),
        ("own.asked_finding", "select, insert, update"),
        ("own.directory_copy", "select, update"),
        ("own.right_heard", "select, insert"),
        ("own.import_summary", "select, insert"),
        # Signed heads stay: only the owner can change or delete them.
        ("own.head", "select, insert"),
        ("own.log_hash", "select, insert"),
        ("own.signed_log", "select, insert, update"),
        ("own.cosignature", _READ),
        ("own.log_refused", "select, insert, update, delete"),
        ("own.receipt_position", "select, insert, update"),
        ("own.journal_epoch", _READ),
    ),
    "intake": (
        ("own.outbox", "select, insert"),
        ("own.installation", _READ),
        ("own.received", "select, insert, update"),
        # A record that was rejected for its key is sent again with the next key.
        ("own.outbox", "update (headers, sent_at, refused, rejections)"),
        ("own.rejected", _READ),
        ("derived.event", _READ),
    ),
    "gateway": (
        ("derived.*", _READ),
        ("own.*", _READ),
        ("own.submission", "insert, update"),
        ("own.pending_action", "insert, update, delete"),
        ("own.outbox", "insert"),
        ("own.access", "insert"),
        ("own.break_glass", "insert, update (agreed, decided_by, decided_at, ends_at)"),
        ("own.redrive", "insert, update"),
        ("own.redriven", "insert, update"),
        ("own.cosignature", "insert"),
        ("own.draft", "insert, update, delete"),
        ("own.presence", "insert, update, delete"),
        ("own.saved_view", "insert, update, delete"),
        ("own.console_officer", "insert, update"),
        ("own.console_session", "insert, update, delete"),
        ("public.casebus_migration", _READ),
    ),
}
SERVICES = tuple(GRANTS)
_ITERATIONS = 4096


def role_of(service: str, database: str) -> str:
    """Roles belong to the whole server, so each database has its own."""
    return f"{database}_{service}"


async def set_up(database_url: str, passwords: Mapping[str, str]) -> bool:
    """Make every service's role, with password and rights; False if we may not."""
    connection: Connection = await asyncpg.connect(database_url)
    try:
        database = await connection.fetchval("select current_database()")
        async with connection.transaction():
            for service in SERVICES:
                await _make(connection, role_of(service, database), passwords[service])
            await grant(connection)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()
    return True


async def grant(connection: Connection) -> None:
    """Give each existing role exactly its rights to the existing tables."""
    database = await connection.fetchval("select current_database()")
    tables = [row["name"] for row in await connection.fetch(_SQL["tables"])]
    there = {row["rolname"] for row in await connection.fetch(_SQL["roles"])}
    for service, rows in GRANTS.items():
        role = role_of(service, database)
        if role not in there:
            continue
        its = quoted(role)
        for schema in ("derived", "own"):
            await connection.execute(f"revoke all on all tables in schema {schema} from {its}")
            await connection.execute(f"grant usage on schema {schema} to {its}")
        for pattern, rights in rows:
            named = [name for name in tables if fnmatchcase(name, pattern)]
            if named:
                await connection.execute(f"grant {rights} on {', '.join(named)} to {its}")


async def _make(connection: Connection, role: str, password: str) -> None:
    if not await connection.fetchval(_SQL["has_role"], role):
        await connection.execute(f"create role {quoted(role)}")
    if not await connection.fetchval(_SQL["is_plain"], role):
        # Only a more powerful role may remove it; a role just made has none of it.
        await connection.execute(f"alter role {quoted(role)} nosuperuser nocreatedb nocreaterole")
    await connection.execute(
        f"alter role {quoted(role)} login password '{_verifier(password)}'",
    )


def _verifier(password: str) -> str:
    """The form in which PostgreSQL stores a password.

    Statements may be logged, so they hold only this form.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(one).decode() for one in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt64}${stored64}:{server64}"

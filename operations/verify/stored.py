"""The bus's own store: signed records, law bundles, old positions."""

from __future__ import annotations

from datetime import datetime

from casebus.cases import FOLD_VERSION
from casebus.law.bundle import digest, unpack
from casebus.law.loader import LawError
from operations.verify.report import VerifyReport
from storage import sending
from storage.handles import Connection
from storage.queries import load

_SQL = load("verifying")
_MOST_UNSENT = 1000


async def check(
    report: VerifyReport, connection: Connection, since: datetime, installed: str
) -> None:
    """A record that was marked sent before `since` must be journaled by now, byte for byte."""
    await _altered(report, connection)
    await _unsent(report, connection, since)
    await _bundles(report, connection, installed)
    await check_installation(report, connection)


async def _altered(report: VerifyReport, connection: Connection) -> None:
    for shelf in ("outbox", "submission"):
        for row in await connection.fetch(_SQL[f"{shelf}_altered"]):
            where = f"own.{shelf} {row['source']} {row['event_id']}: {', '.join(row['columns'])}"
            report.problem(f"{shelf}_altered", where)
    for row in await connection.fetch(_SQL["outbox_unknown"]):
        report.problem("outbox_altered", f"own.outbox {row['source']} {row['event_id']}")
    for row in await connection.fetch(_SQL["submission_said_twice"]):
        where = f"{row['source']} {row['event_id']}: {row['partition']}/{row['log_index']}"
        report.problem("said_twice", where)
    for row in await connection.fetch(_SQL["said_and_not_stored"]):
        # The journal has it, so nothing is lost: another outbox was restored, or a row deleted.
        report.notice("said_and_not_stored", f"{row['source']} {row['event_id']}")


async def _unsent(report: VerifyReport, connection: Connection, since: datetime) -> None:
    waiting = await sending.waiting(connection)
    report.count("outbox waiting", waiting.outbox_unsent)
    report.count("handed in, waiting", waiting.submissions_unsent)
    for one in await sending.unsent_since(connection, _MOST_UNSENT):
        report.problem("not_sent", f"{one.source} {one.event_id}")
    for row in await connection.fetch(_SQL["sent_but_not_journaled"], since):
        where = f"own.{row['shelf']} {row['source']} {row['event_id']}"
        report.problem("sent_but_not_journaled", where)


async def _bundles(report: VerifyReport, connection: Connection, installed: str) -> None:
    """A bundle is named by its content; every bundle in use must be there."""
    kept = {installed}
    for row in await connection.fetch(_SQL["bundles"]):
        kept.add(row["digest"])
        report.count("law bundles")
        try:
            said = digest(unpack(row["body"]))
        except LawError:
            said = ""
        if said != row["digest"]:
            report.problem("bundle_altered", f"own.law_bundle {row['digest']}")
    for row in await connection.fetch(_SQL["bundle_needed"]):
        if row["law"] not in kept:
            report.problem("bundle_missing", f"own.law_bundle {row['law']}")


async def check_installation(report: VerifyReport, connection: Connection) -> None:
    """The newest fold that wrote here must exist, and must not be older than its cases'."""
    row = await connection.fetchrow(_SQL["installation"])
    if row is None:
        report.problem("installation_altered", "own.installation: no row")
        return
    if not (row["newest_of_cases"] or 0) <= row["fold_version"] <= FOLD_VERSION:
        report.problem("installation_altered", "own.installation fold_version")
    if row["epochs"] and row["epoch"] not in row["epochs"]:
        report.problem("installation_altered", "own.installation epoch")

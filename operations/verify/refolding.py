"""Compares every derived row with the one that the journal gives again (ADR 39, ADR 45)."""

from __future__ import annotations

from casebus.errors import AwayError, CasebusError
from casebus.settings import Settings
from operations.away import clear_errors
from operations.rebuild.context import context_of
from operations.rebuild.rebuilding import Advance, Rebuilt, compare
from operations.verify.report import VerifyReport
from storage.beside import LIVE
from storage.differences import MISSING, NOTES, OTHER, RowDifference
from storage.handles import Connection
from storage.queries import load
from storage.sampling import Sample

_BESIDE = load("beside")
_INVENTED = """
select stream from (select distinct stream from derived.{table}) t
where not exists (select from derived.event e where e.stream = t.stream) order by stream
"""
_CODES = {MISSING: "row_missing", OTHER: "row_differs"}


async def check(
    report: VerifyReport,
    settings: Settings,
    sample: Sample,
    advance: Advance,
    settling_seconds: float,
) -> None:
    """Check; rows that could not be compared are a problem too, because their state is unknown.

    Raises AwayError if brokers or database do not answer: then there is no verdict at all.
    """
    try:
        with clear_errors():
            async with context_of(settings) as desk:
                found = await compare(
                    settings, desk, advance, sample=sample, settling_seconds=settling_seconds
                )
    except AwayError:
        raise
    except CasebusError as error:
        report.problem("not_compared", str(error))
        return
    tell(report, found)


def tell(report: VerifyReport, found: Rebuilt) -> None:
    report.count("records derived again", found.records)
    report.count("cases derived again", found.cases)
    for one in found.unsettled:
        where = f"derived.case_state stream={one.stream}: {', '.join(one.columns)}"
        report.problem("not_settled", where)
    named: dict[str, int] = {}
    for difference in found.differing.named:
        named[difference.table] = named.get(difference.table, 0) + 1
        report.problem(_CODES.get(difference.how, "row_not_journaled"), place_of(difference))
    for table, count in found.differing.counts.items():
        if count > named[table]:
            report.problem("row_differs", f"derived.{table}: and more", count - named[table])


async def invented(report: VerifyReport, connection: Connection) -> None:
    """If only some cases are derived again: streams without any record in the journal."""
    for table in await connection.fetch(_BESIDE["tables"], LIVE):
        if "stream" in table["columns"] and table["name"] not in NOTES:
            rows = await connection.fetch(_INVENTED.format(table=table["name"]))
            for row in rows:
                where = f"derived.{table['name']} stream={row['stream']}"
                report.problem("row_not_journaled", where)


def place_of(one: RowDifference) -> str:
    """The table, the row by its key, and the differing columns."""
    row = " ".join(f"{name}={value}" for name, value in one.row.items())
    columns = f": {', '.join(one.columns)}" if one.columns else ""
    return f"derived.{one.table} {row}{columns}"

"""Whatever is altered is named: each column of each table, each topic, headers and bytes.

The matrix comes from the database's own catalogue, so that a new column is held to it; what cannot
be proved is listed, with the reason, in operations/verify/unproved.yaml.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import yaml

from casebus.cases import FOLD_VERSION
from casebus.events.envelope import Record
from casebus.trust.merkle import Frontier
from onebox.testing import Stack
from operations.rebuild import rebuilding
from operations.rebuild.rebuilding import Rebuilt
from operations.verify import checks, refolding
from operations.verify.checks import Verification, WaitedFor, verify
from operations.verify.records import read
from operations.verify.report import VerifyReport
from operations.verify.topics import TopicEnds
from storage import heads, renewing
from storage.beside import NEXT
from storage.differences import differences
from storage.handles import Connection
from tests.integration.street import AMR, DOORS, PSB, Bus
from tests.security.altering import Segment, columns, flipped, otherwise, places_of, undone
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.long, pytest.mark.timeout(300)]

HOSTED = "cn-330108-amr"
UNPROVED = yaml.safe_load(Path("operations/verify/unproved.yaml").read_text(encoding="utf-8"))
SELLER = {
    "role": "SUSPECT",
    "organisation": {"name": "某公司", "uscc_raw": "91330106MA2TEX7081"},
}
ACT = {
    "offence": "214",
    "goods_value": {"fen": 9_000_000},
    "acts_from": "2026-03-01",
    "acts_to": "2026-03-01",
}
DECISION = {"offence": "214", "decided_on": "2026-03-05", "decision_no": "杭市监处罚〔2026〕1号"}
RIGHT = {"kind": "TRADEMARK", "number_raw": "1234567"}
#: Tables that a street of a few cases fills; of the others a row is put into both schemas.
FILLED = {"act", "agency_home", "case_state", "checkpoint", "clock", "event", "event_copy", "fact"}
FILLED |= {"finding", "hand_over", "journal", "journal_position", "number", "party", "punished"}
FILLED |= {"right_use", "title", "trait", "work_item"}
EVIDENCE = ("installation", "law_bundle", "outbox", "rejected", "rejected_position", "submission")
#: Altered in tests/integration/test_verified_heads.py.
HEADS = ("cosignature", "head", "log_hash", "signed_log")


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    """A stack of its own, with a few cases that went every way there is."""
    with Stack() as stack:
        bus = Bus(stack)
        _play(bus)
        report = bus.verified()
        assert report.ok, report.to_json()
        yield bus
        bus.producer.close()


def _play(bus: Bus) -> None:
    stream = str(uuid4())
    about = {"stream": stream, "legal": "2026-03-05"}
    data = {
        "title": "涉嫌销售假冒注册商标的商品",
        "numbers": [{"kind": "letter_no", "value": f"杭西市监移〔2026〕{stream[:8]}号"}],
        "suspects": [SELLER],
        "rights": [RIGHT],
    }
    sent = bus.event("referral.sent", AMR, to=(PSB,), data=data, **about)
    bus.send([sent, sent], DOORS[AMR])
    bus.status(stream, "sent")
    noted = bus.event("case.noted", AMR, **about)
    bus.send(
        [
            # Another body under the same name, an act and a penalty, and a broken record.
            bus.event("referral.sent", AMR, id=_id(sent), to=(PSB,), **about),
            bus.event("goods.seized", AMR, data={"parties": [SELLER], **ACT}, **about),
            bus.event("penalty.decided", AMR, data={"parties": [SELLER], **DECISION}, **about),
            Record(noted.key, (noted.value or b"")[:-1], noted.headers),
        ],
        DOORS[AMR],
    )
    # At another's door: it comes back to its sender.
    bus.send([bus.event("referral.sent", AMR, to=(PSB,))], DOORS[PSB])
    bus.send([bus.event("referral.receipted", PSB, to=(AMR,), **about)], DOORS[PSB])
    bus.findings(stream, "id_conflict")
    _hand_in(bus)
    bus.until("select * from own.rejected", holds=lambda rows: len(rows) == 2)
    returned = "select * from own.outbox where aggregatetype = 'rejected' and sent_at is not null"
    bus.until(returned)
    bus.until("select * from derived.hand_over")


def _hand_in(bus: Bus) -> None:
    """A hosted agency's event, which the gateway stores and sends."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "casebus.referral.sent.v1",
        "source": HOSTED,
        "subject": str(uuid4()),
        "to": "cn-330108-psb",
        "legaltime": "2026-03-02",
        "data": {"title": "涉嫌假冒注册商标"},
    }
    answer = httpx.post(
        f"{bus.stack.gateway_url}/v1/events",
        content=json.dumps(event),
        headers={
            "Authorization": f"Bearer {bus.stack.api_key(HOSTED)}",
            "Content-Type": "application/cloudevents+json",
        },
        timeout=20,
    )
    assert answer.status_code == 202, answer.text
    bus.until("select * from derived.case_state where stream = $1", UUID(event["subject"]))


def _id(record: Record) -> str:
    return dict(record.headers)["ce_id"].decode()


class Alteration(NamedTuple):
    """What is done to which column or row of a table."""

    table: str
    what: str
    query: str


@asynccontextmanager
async def owner(bus: Bus) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(bus.admin.database_url)
    try:
        yield connection
    finally:
        await connection.close()


def of_columns(schema: str, table: str, named: dict[str, str], where: str) -> list[Alteration]:
    """Each column of one row another."""
    one = f"(select ctid from {schema}.{table} where {where} limit 1)"
    return [
        Alteration(
            table,
            column,
            f'update {schema}.{table} set "{column}" = {otherwise(table, column, kind)}'
            f" where ctid = {one} and {where}",
        )
        for column, kind in named.items()
    ]


def unproved(schema: str, table: str, column: str) -> bool:
    listed = UNPROVED["columns"][schema]
    return f"{table}.{column}" in listed or f"{table}.*" in listed


async def test_each_column_and_row_that_is_derived_is_named_where_it_is_altered(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = differences
    silent: list[str] = []
    tried: list[str] = []
    wrong: list[str] = []

    async def one_by_one(reader: Any, **given: Any) -> Any:
        async with owner(bus) as connection:
            tables = await columns(connection, "derived")
            for table, named in tables.items():
                if table in ("journal", "changed_organisation", "changed_right"):
                    continue
                for one in await _alterations(connection, table, named):
                    tried.append(f"{table}.{one.what}")
                    try:
                        if not await _is_named(connection, real, one, given):
                            silent.append(f"{table}.{one.what}")
                    except (asyncpg.PostgresError, AssertionError) as error:
                        wrong.append(f"{table}.{one.what}: {error}"[:300])
        return await real(reader, **given)

    monkeypatch.setattr(rebuilding, "differences", one_by_one)
    report = await verify(bus.admin)
    assert report.ok, report.to_json()
    expected = {name for name in UNPROVED["columns"]["derived"] if not name.endswith("*")}
    assert wrong == []
    assert set(silent) == expected
    assert len(tried) > 200


async def _alterations(
    connection: Connection, table: str, named: dict[str, str]
) -> list[Alteration]:
    filled = await connection.fetchval(f"select count(*) from derived.{table}")
    assert filled or table not in FILLED, table
    where = "true"
    made = of_columns("derived", table, named, where)
    key = await _key(connection, table)
    values = ", ".join(
        otherwise(table, name, named[name]) if name == key else f'"{name}"' for name in named
    )
    names = ", ".join(f'"{name}"' for name in named)
    added = f"insert into derived.{table} ({names}) select {values} from derived.{table} limit 1"
    taken = f"delete from derived.{table} where ctid = (select ctid from derived.{table} limit 1)"
    return [*made, Alteration(table, "+", added), Alteration(table, "-", taken)]


async def _key(connection: Connection, table: str) -> str:
    row = await connection.fetchrow(
        "select a.attname from pg_index i join pg_attribute a"
        " on a.attrelid = i.indrelid and a.attnum = i.indkey[i.indnkeyatts - 1]"
        " where i.indrelid = $1::regclass and i.indisprimary",
        f"derived.{table}",
    )
    return str(row["attname"]) if row else "id"


async def _is_named(
    connection: Connection, real: Any, one: Alteration, given: dict[str, Any]
) -> bool:
    """Whether the comparison names the table, and the column where the row has its name still."""
    async with undone(connection):
        await _let_there_be_a_row(connection, one.table)
        changed = await connection.execute(one.query)
        assert not changed.endswith(" 0"), f"{one}: {changed}"
        if one.what in ("law", "fold_version", "renewing"):
            found = Rebuilt(unsettled=await renewing.unsettled(connection, FOLD_VERSION))
            given = {**given, "unsettled": [row.stream for row in found.unsettled]}
        else:
            found = Rebuilt()
        found.differing = await real(connection, **given)
    report = VerifyReport()
    refolding.tell(report, found)
    places = [place for problem in report.problems.values() for place in problem.places]
    assert all(place.startswith(f"derived.{one.table} ") for place in places), (one, places)
    return bool(places)


async def _let_there_be_a_row(connection: Connection, table: str) -> None:
    """The same made-up row in both schemas, where this street left none."""
    if await connection.fetchval(f"select count(*) from derived.{table}"):
        return
    named = (await columns(connection, "derived"))[table]
    values = {name: MADE_UP[kind] for name, kind in named.items()}
    for schema in ("derived", NEXT):
        names = ", ".join(f'"{name}"' for name in values)
        await connection.execute(
            f"insert into {schema}.{table} ({names}) values ({', '.join(values.values())})"
        )


MADE_UP = {
    "text": "'one'",
    "uuid": "'0190a3f2-0000-7000-8000-00000000abcd'",
    "bigint": "1",
    "integer": "1",
    "boolean": "true",
    "timestamp with time zone": "'2026-03-05T00:00:00Z'",
    "date": "'2026-03-05'",
    "jsonb": "'{}'",
    "ARRAY": "'{}'",
}


class Desk:
    """Kafka and a session in which one thing is altered, to be read as `verify` reads."""

    def __init__(self, bus: Bus, kafka: TopicEnds, connection: Connection, due: WaitedFor) -> None:
        self.bus, self.kafka, self.connection, self.due = bus, kafka, connection, due

    async def report(self) -> VerifyReport:
        report = VerifyReport()
        given = (self.bus.admin, self.kafka, self.connection, report, lambda *_: None)
        await Verification(*given).run(self.due)
        return report

    async def places(self) -> list[str]:
        report = await self.report()
        found = [*report.problems.values(), *report.notices.values()]
        return [f"{one.code} {place}" for one in found for place in one.places]


@asynccontextmanager
async def desk(bus: Bus) -> AsyncIterator[Desk]:
    async with owner(bus) as connection, TopicEnds(bus.admin) as kafka:
        due = await checks.settled(kafka, connection, 10.0)
        yield Desk(bus, kafka, connection, due)


#: Which row of a table of evidence is altered.
ROWS = {
    "journal": "stream in (select stream from derived.case_state)",
    "outbox": "aggregatetype = 'event' and sent_at is not null and source = 'bus'",
    "rejected": "not late and verified",
}


async def test_each_column_and_row_of_the_journal_and_of_evidence_is_named(bus: Bus) -> None:
    silent: list[str] = []
    async with desk(bus) as at:
        known = set(await at.places())
        tables = {"journal": "derived"} | dict.fromkeys(EVIDENCE, "own")
        for table, schema in tables.items():
            named = (await columns(at.connection, schema))[table]
            made = of_columns(schema, table, named, ROWS.get(table, "true"))
            if table == "outbox":
                returned = of_columns(schema, table, named, "aggregatetype = 'rejected'")
                made += [one._replace(what=f"{one.what} of a return") for one in returned]
            taken = f"(select ctid from {schema}.{table} where {ROWS.get(table, 'true')} limit 1)"
            deleted = f"delete from {schema}.{table} where ctid = {taken}"
            made.append(Alteration(table, "-", deleted))
            for one in made:
                async with undone(at.connection):
                    try:
                        await at.connection.execute(one.query)
                    except (asyncpg.CheckViolationError, asyncpg.GeneratedAlwaysError):
                        silent.append(f"{table}.{one.what}")
                        continue
                    found = set(await at.places()) - known
                if not found:
                    silent.append(f"{table}.{one.what}")
        assert set(await at.places()) == known
    expected = set(UNPROVED["columns"]["own"]) | {f"{name}.-" for name in UNPROVED["rows"]}
    expected = {name for name in expected if name.partition(".")[0] not in HEADS}
    listed = {name.replace(" of a return", "") for name in silent}
    # Found where it is later than the sending, as this one is made; an earlier one is not.
    assert listed == expected - {"outbox.created_at"}


async def test_rows_of_the_journal_that_changed_places_are_named(bus: Bus) -> None:
    swap = """
    update derived.journal a set value = b.value, headers = b.headers
    from derived.journal b where a.partition = b.partition
      and (a.log_index, b.log_index) in ((0, 1), (1, 0))
    """
    async with desk(bus) as at:
        async with undone(at.connection):
            await at.connection.execute(swap)
            found = [one for one in await at.places() if one.startswith("event_altered")]
        assert found[0].startswith("event_altered derived.journal ")
        assert len(found) % 2 == 0


#: Of each topic one record; of the journal's every header, of the others' some.
SOME = ("value", "key", "ce_id", "ce_signature", "cb-origin", "cb-position", "cb-reason")
TOPICS = (
    "case.journal",
    DOORS[AMR],
    "inbox.police",
    f"agency.{AMR}.inbox",
    "rejected",
    f"agency.{AMR}.rejected",
    "directory",
)


async def test_a_bit_of_each_topic_on_the_brokers_disk_is_named(bus: Bus) -> None:
    silent, tried = [], 0
    data = bus.stack.options.home / "kafka" / "data"
    async with desk(bus) as at:
        known = set(await at.places())
        for topic in TOPICS:
            partition, record = await _one_of(at.kafka, topic)
            segment = Segment(data, topic, partition)
            for what, (old, new) in places_of(record).items():
                if topic != "case.journal" and what not in SOME:
                    continue
                tried += 1
                with segment.altered(old, new):
                    if not set(await at.places()) - known:
                        silent.append(f"{topic} {what}")
        assert set(await at.places()) == known
    # The key of an entry names its agency for readers; the copy in the journal has another.
    assert set(silent) <= {"directory key"}
    assert tried > 40


ALTERED = """
update derived.journal set value = $4, event_leaf = $5, log_leaf = $6
where (epoch, partition, log_index) = ($1, $2, $3)
"""


async def test_what_was_changed_alike_in_kafka_and_in_the_tables_is_named_by_its_signature(
    bus: Bus,
) -> None:
    data = bus.stack.options.home / "kafka" / "data"
    async with desk(bus) as at:
        partition, record = await _one_of(at.kafka, "case.journal")
        value = flipped(record.value)
        new = read(SCHEMAS, dataclasses.replace(record, value=value))
        segment = Segment(data, "case.journal", partition)
        async with undone(at.connection):
            given = (1, partition, record.offset, value, new.leaf, new.logged)
            await at.connection.execute(ALTERED, *given)
            leaves = await heads.leaves(at.connection, (1, partition), 0, 1 << 40)
            frontier = Frontier().append(leaves).to_bytes()
            moved = "update derived.journal_position set frontier = $1 where partition = $2"
            await at.connection.execute(moved, frontier, partition)
            with segment.altered(*places_of(record)["value"]):
                found = await at.report()
    [place] = found.problems["not_signed"].places
    assert place == f"case.journal {partition}/{record.offset}: bad_signature"
    assert not found.problems.keys() & {"event_altered", "root_differs"}


async def _one_of(kafka: TopicEnds, topic: str) -> tuple[int, Any]:
    async for place, records in kafka.read(await kafka.spans([topic])):
        if records:
            return place.partition, records[-1]
    raise AssertionError(topic)


def test_what_cannot_be_proved_is_listed_for_every_table_and_topic(bus: Bus) -> None:
    async def tables() -> set[str]:
        async with owner(bus) as connection:
            return set(await columns(connection, "own"))

    assert asyncio.run(tables()) == {*EVIDENCE, *HEADS, *UNPROVED["working"]}
    read = {"case.journal", "rejected", "directory", "events.{sector}", "inbox.{hosted}"}
    read.add("events.{sector}.{agency}")
    read |= {"agency.{agency}.inbox", "agency.{agency}.rejected", "agency.{agency}.receipts"}
    body = yaml.safe_load(Path("schemas/topics.yaml").read_text(encoding="utf-8"))
    assert {row["name"] for row in body["topics"]} == read | set(UNPROVED["topics"])

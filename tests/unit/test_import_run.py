from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.minted import stream_id
from casebus.events.schemas import Schemas
from casebus.sdk.doors import one_door
from casebus.sdk.importing.files import FileRows, inspect
from casebus.sdk.importing.issues import Issue
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.recorded import Holding
from casebus.sdk.importing.report import ImportSummary
from casebus.sdk.importing.rows import read_row
from casebus.sdk.importing.run import Importer, ImportPorts
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.trust.agency_names import AgencyNames, NamedAgency
from casebus.trust.keys import SigningKey

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
HEADER = "文号,公安,移送,立案,货值,备注\n"
AGENCIES = AgencyNames(
    [
        NamedAgency(AMR, "administrative", ("西湖区市场监督管理局",)),
        NamedAgency(PSB, "police", ("西湖区公安分局",)),
    ]
)
MAPPING = Mapping.model_validate(
    {
        "name": "m",
        "case": {"number": {"column": "文号", "kind": "letter_no"}, "source": {"value": AMR}},
        "events": [
            {
                "type": "referral.sent",
                "date": {"column": "移送"},
                "required": True,
                "to": [{"column": "公安"}],
                "fields": {
                    "goods_value": {"column": "货值", "as": "money"},
                    "note": {"column": "备注", "optional": True},
                },
            },
            {
                "type": "referral.filed",
                "date": {"column": "立案"},
                "source": {"column": "公安"},
                "to": [{"value": AMR}],
            },
        ],
    }
)
ROW = "1号,西湖区公安分局,2025-03-02,2025-03-05,100,\n"
Ask = Callable[[Sequence[tuple[str, str]]], list[Holding]]


class World:
    """A broker that takes everything, one local store, and files to import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sent: list[StoredRecord] = []
        self.reachable = True
        for agency in (AMR, PSB):
            SigningKey.generate().save(folder / "keys" / f"{agency}.pem")
        self.settings = Settings(agency=AMR, keys_dir=folder / "keys", home=folder)
        self.schemas = Schemas.load(self.settings.schemas_dir)
        self.store = Store.open(folder / "store.sqlite")

    def send(self, records: Sequence[StoredRecord]) -> list[tuple[int, int] | CasebusError]:
        if not self.reachable:
            raise CasebusError("kafka_unreachable")
        self.sent += records
        return [(0, 0)] * len(records)

    def close(self) -> None: ...

    def import_text(
        self, text: str, *, ask: Ask | None = None, dry_run: bool = False
    ) -> tuple[ImportSummary, list[Issue]]:
        path = self.folder / "a.csv"
        path.write_text(HEADER + text, encoding="utf-8")
        publisher = Publisher(
            self.settings,
            schemas=self.schemas,
            store=self.store,
            door_of=one_door("events.administrative"),
            sink=self,
        )
        ports = ImportPorts(
            schemas=self.schemas,
            store=self.store,
            agencies=AGENCIES,
            can_sign=lambda agency: agency in {AMR, PSB},
            ask=ask,
            publish=None if dry_run else publisher.publish,
        )
        issues: list[Issue] = []
        source = inspect(path)
        done = Importer(AMR, MAPPING, ports).run(source, FileRows(source, MAPPING), issues.append)
        return done, issues

    def types(self) -> list[str]:
        found = [Envelope.from_headers(one.record.headers).type for one in self.sent]
        return [one.removeprefix("casebus.").removesuffix(".v1") for one in found]

    def restarted(self) -> World:
        """Another machine: the same broker and keys, an empty store."""
        self.store = Store.open(self.folder / f"store-{len(self.sent)}.sqlite")
        return self


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def journal(world: World) -> list[dict[str, Any]]:
    """What a gateway would tell of the records sent so far."""
    told = []
    for one in world.sent:
        envelope = Envelope.from_headers(one.record.headers)
        _, data = world.schemas.decode(one.record.value)
        told.append(
            {"type": envelope.type, "source": envelope.source, "id": envelope.id, "data": data}
            | {"stream": envelope.subject}
        )
    return told


def unsigned(envelope: Envelope) -> Envelope:
    return replace(envelope, signature=None, sigproof=None)


def asking(world: World) -> Ask:
    """Answers from the journal, as a gateway would."""

    def ask(wanted: Sequence[tuple[str, str]]) -> list[Holding]:
        rows = journal(world)
        return [
            Holding((), tuple(row for row in rows if row["stream"] == stream))
            for _, stream in wanted
        ]

    return ask


def test_a_row_becomes_its_events_inside_an_opened_and_closed_import(world: World) -> None:
    done, issues = world.import_text(ROW)
    assert world.types() == ["import.opened", "referral.sent", "referral.filed", "import.closed"]
    assert (done.rows_taken, done.rows_refused, done.events, issues) == (1, 0, 2, [])
    sent = Envelope.from_headers(world.sent[1].record.headers)
    filed = Envelope.from_headers(world.sent[2].record.headers)
    assert sent.subject == stream_id(AMR, "letter_no", "1号")
    assert (sent.source, sent.to, str(sent.legal)) == (AMR, (PSB,), "2025-03-02")
    assert (filed.source, filed.causationid) == (PSB, (sent.id,))
    assert {sent.importid, filed.importid} == {done.import_id}
    _, data = world.schemas.decode(world.sent[1].record.value)
    assert data["goods_value"] == {"fen": 10_000, "currency": "CNY"}
    assert data["numbers"] == [{"kind": "letter_no", "value": "1号"}]


def test_running_it_twice_changes_nothing(world: World) -> None:
    world.import_text(ROW)
    before = list(world.sent)
    done, _ = world.import_text(ROW)
    assert world.sent == before
    assert (done.rows_taken, done.rows_unchanged, done.events) == (1, 1, 0)


def test_another_machine_mints_the_same_bytes_but_for_the_signature(world: World) -> None:
    world.import_text(ROW)
    first = [(one.source, one.stream, one.id, one.record.value) for one in world.sent[1:3]]
    world.restarted().import_text(ROW)
    again = [(one.source, one.stream, one.id, one.record.value) for one in world.sent[5:7]]
    assert first == again
    kept, minted = (Envelope.from_headers(world.sent[at].record.headers) for at in (1, 5))
    assert unsigned(kept) == unsigned(minted)


def test_another_machine_that_asks_first_sends_nothing_again(world: World) -> None:
    world.import_text(ROW)
    done, _ = world.restarted().import_text(ROW, ask=asking(world))
    assert (done.events, done.corrections, done.rows_unchanged) == (0, 0, 1)


def test_a_changed_row_is_a_correction_and_a_new_date_a_new_event(world: World) -> None:
    world.import_text(ROW.replace("2025-03-05", ""))
    done, _ = world.import_text(ROW.replace(",100,", ",250,"))
    assert (done.events, done.corrections) == (1, 1)
    corrected = journal(world)[4]["data"]
    assert corrected["changes"] == {"goods_value": '{"currency":"CNY","fen":25000}'}
    again, _ = world.import_text(ROW.replace(",100,", ",250,"))
    assert (again.events, again.corrections) == (0, 0)


def test_a_machine_with_an_empty_store_does_not_correct_twice(world: World) -> None:
    changed = ROW.replace(",100,", ",250,")
    world.import_text(ROW)
    world.import_text(changed)
    done, _ = world.restarted().import_text(changed, ask=asking(world))
    assert (done.events, done.corrections) == (0, 0)
    back, _ = world.import_text(ROW, ask=asking(world))
    assert back.corrections == 1


def test_a_date_taken_out_of_a_row_is_a_note_and_the_event_stands(world: World) -> None:
    world.import_text(ROW)
    done, issues = world.import_text(ROW.replace("2025-03-05", ""))
    assert [(one.code, one.refused) for one in issues] == [("event_dropped", False)]
    assert done.events == 0


def test_a_number_that_another_case_carries_is_not_minted_again(world: World) -> None:
    def ask(wanted: Sequence[tuple[str, str]]) -> list[Holding]:
        assert [number for number, _ in wanted] == ["1号", "2号"]
        return [Holding(("other-case",)), Holding()]

    done, issues = world.import_text(ROW + ROW.replace("1号", "2号"), ask=ask)
    assert [(one.row, one.code) for one in issues] == [(2, "number_in_use")]
    assert (done.rows_taken, done.rows_refused) == (1, 1)


def test_a_dry_run_counts_and_sends_nothing(world: World) -> None:
    done, _ = world.import_text(ROW, dry_run=True)
    assert done.events == 2
    assert not world.sent
    assert world.import_text(ROW)[0].events == 2


def test_a_broker_that_goes_away_in_between_costs_nothing(world: World) -> None:
    world.reachable = False
    with pytest.raises(CasebusError, match="kafka_unreachable"):
        world.import_text(ROW)
    world.reachable = True
    world.import_text(ROW)
    assert world.types() == ["import.opened", "referral.sent", "referral.filed", "import.closed"]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",西湖区公安分局,2025-03-02,,1,", "文号", "missing_value"),
        ("1号,西湖区公安分局,2025-02-30,,1,", "移送", "bad_date"),
        ("1号,西湖区公安分局,,,1,", "移送", "missing_value"),
        ("1号,西湖区公安分局,2025-03-02,,若干,", "货值", "bad_amount"),
        ("1号,无此局,2025-03-02,2025-03-05,1,", "公安", "unknown_source"),
        ("1号,西湖区公安分局,2025-03-02,,1,机密★5年", "备注", "state_secret"),
        ("1号,西湖区公安分局,2025-03-02,,1,,多", "", "bad_row"),
    ],
)
def test_a_row_that_cannot_be_taken_says_which_column_and_why(
    world: World, row: str, column: str, code: str
) -> None:
    done, issues = world.import_text(row + "\n")
    refused = [one for one in issues if one.refused]
    assert [(one.row, one.column, one.code) for one in refused] == [(2, column, code)]
    assert (done.rows_taken, done.rows_refused) == (0, 1)
    assert not world.sent


def test_an_unknown_recipient_and_an_empty_cell_are_notes(world: World) -> None:
    done, issues = world.import_text("1号,无此局,2025-03-02,,,\n")
    assert [(one.column, one.code, one.refused) for one in issues] == [
        ("货值", "empty_cell", False),
        ("公安", "unknown_agency", False),
    ]
    assert (done.rows_taken, done.notes) == (1, 2)


def test_repeated_numbers_in_a_file_are_refused_with_the_earlier_row(world: World) -> None:
    other = ROW.replace(",100,", ",7,").replace("1号", "１号")
    done, issues = world.import_text(ROW + ROW + other)
    assert [(one.row, one.code) for one in issues] == [
        (3, "duplicate_row"),
        (4, "number_repeated"),
    ]
    assert done.rows_taken == 1


def test_a_row_without_an_event_of_who_gave_the_number_is_refused() -> None:
    """Its stream would be nobody's, and anyone can compute the id (ADR 40)."""
    said = MAPPING.model_dump()
    only = Mapping.model_validate({**said, "events": [said["events"][1]]})
    cells = dict(zip(HEADER.strip().split(","), ROW.strip().split(","), strict=True))
    read = read_row(2, cells, only, AGENCIES)
    assert [(one.column, one.code) for one in read.issues] == [("文号", "giver_silent")]
    assert not read_row(2, cells, MAPPING, AGENCIES).refused


def test_the_summary_s_counts_add_up_to_the_file_s_lines(world: World) -> None:
    broken = ROW.replace("1号", "2号").replace("100,", '"100,')
    several = ROW.replace("1号", "3号").replace("100,", '100,"一\n二"')
    done, issues = world.import_text(ROW + "\n" + broken + several + "4号,西湖区公安分局,2025-03-0")
    assert [(one.row, str(one.code)) for one in issues] == [(4, "bad_quote"), (7, "bad_row")]
    assert (done.rows_read, done.rows_taken, done.rows_refused) == (4, 2, 2)
    lines = done.lines
    assert lines is not None
    assert lines.total == 7
    assert done.rows_read + lines.heading + lines.empty + lines.within_rows == lines.total
    assert done.as_json()["lines"] == {"total": 7, "heading": 1, "empty": 1, "within_rows": 1}

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from casebus.cases.event import CaseEvent
from casebus.cases.order import fold_order
from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.minted import stream_id
from casebus.events.schemas import Schemas
from casebus.sdk.doors import one_door
from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.logs import load
from casebus.sdk.importing.logs.load import LogLoader
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile, inspect_log
from casebus.sdk.importing.recorded import Holding
from casebus.sdk.importing.report import ImportSummary
from casebus.sdk.importing.run import ImportPorts
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.trust.agency_names import AgencyNames, NamedAgency
from casebus.trust.keys import SigningKey

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
NOTED = "casebus.case.noted.v1"
#: Known, and this machine has no key of it.
KEYLESS = "cn-330100-amr"
AGENCIES = AgencyNames(
    [
        NamedAgency(AMR, "administrative", ("西湖区市监局",)),
        NamedAgency(PSB, "police", ()),
        NamedAgency(KEYLESS, "administrative", ()),
    ]
)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
Ask = Callable[[Sequence[tuple[str, str]]], list[Holding]]


def mapping(form: str = "xes", **changes: Any) -> LogMapping:
    body: dict[str, Any] = {
        "name": "m",
        "log": {"form": form},
        "case": {"kind": "docket_no", "source": {"value": AMR}},
        "event": {
            "source": {"attribute": "org:group", "agencies": {"经侦": PSB}, "otherwise": AMR}
        },
        "activities": {
            "移送": {"type": "referral.sent", "to": [{"value": PSB}]},
            "登记": {},
            "受理": {},
        },
        "step": {"procedure": {"value": "旧系统"}},
    }
    for name, value in changes.items():
        body[name] = body[name] | value if isinstance(body.get(name), dict) else value
    read = LogMapping.model_validate(body)
    return read.model_copy(update={"digest": str(hash(str(body)))})


class World:
    """A broker that takes everything, one local store, and logs to load."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sent: list[StoredRecord] = []
        self.takes = 1 << 30
        for agency in (AMR, PSB):
            SigningKey.generate().save(folder / "keys" / f"{agency}.pem")
        self.settings = Settings(agency=AMR, keys_dir=folder / "keys", home=folder)
        self.schemas = Schemas.load(self.settings.schemas_dir)
        self.store = Store.open(folder / "store.sqlite")

    def send(self, records: Sequence[StoredRecord]) -> list[tuple[int, int] | CasebusError]:
        if len(self.sent) + len(records) > self.takes:
            raise KeyboardInterrupt
        self.sent += records
        return [(0, 0)] * len(records)

    def close(self) -> None: ...

    def load(
        self, path: Path, by: LogMapping, *, ask: Ask | None = None, dry_run: bool = False
    ) -> tuple[ImportSummary, list[Issue]]:
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
            now=lambda: NOW,
        )
        issues: list[Issue] = []
        log = inspect_log(path, by)
        return LogLoader(AMR, by, ports).run(log, LogFile(log, by), issues.append), issues

    def told(self) -> list[tuple[Envelope, dict[str, Any]]]:
        """What was sent of cases, the import's own two events left out."""
        read = [
            (Envelope.from_headers(one.record.headers), self.schemas.decode(one.record.value)[1])
            for one in self.sent
        ]
        return [one for one in read if ".import." not in one[0].type]

    def steps(self, number: str) -> list[str]:
        """A case's activities as the fold would order them, whatever order they arrive in."""
        stream = stream_id(AMR, "docket_no", number)
        told = {e.id: d.get("step") or e.type for e, d in self.told() if e.subject == stream}
        events = [case_event(e) for e, _ in self.told() if e.subject == stream]
        orders = {
            tuple(told[one.id] for one in fold_order(list(some))[0])
            for some in (permutations(events) if len(events) < 6 else [events, events[::-1]])
        }
        assert len(orders) == 1
        return list(orders.pop())


def case_event(envelope: Envelope) -> CaseEvent:
    assert envelope.legaltime
    return CaseEvent(
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        legal=envelope.legaltime,
        sequence=envelope.sequence,
        causation=envelope.causationid,
        recorded_at=NOW,
        position=(0, 0, 0),
        stream=envelope.subject,
        sector="administrative",
        to=envelope.to,
        to_sectors=(),
        imported=True,
        data={},
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def event(activity: str, time: str = "2020-03-02T00:00:00+08:00", **more: str) -> str:
    said = {"concept:name": activity, **{key.replace("__", ":"): one for key, one in more.items()}}
    inner = "".join(f'<string key="{key}" value="{one}"/>' for key, one in said.items())
    when = f'<date key="time:timestamp" value="{time}"/>' if time else ""
    return f"<event>{inner}{when}</event>\n"


def trace(number: str, *events: str) -> str:
    name = f'<string key="concept:name" value="{number}"/>' if number else ""
    return f'<trace>{name}<string key="案由" value="假冒"/>\n{"".join(events)}</trace>\n'


def xes(folder: Path, *traces: str, name: str = "a.xes") -> Path:
    text = f'<log xmlns="http://www.xes-standard.org/">\n{"".join(traces)}</log>'
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.xes", "a.xes.gz"])
def test_an_activity_becomes_its_type_or_a_step_by_its_agency(world: World, name: str) -> None:
    path = xes(
        world.folder,
        trace(
            "1号",
            event("登记", org__resource="办案人7", 页数="3"),
            event("移送", "2020-03-02T14:30:00.5+09:00"),
            event("受理", org__group="经侦"),
        ),
        name=name,
    )
    done, issues = world.load(path, mapping())
    (first, step), (second, sent), (third, taken) = world.told()
    assert [one.type.split(".", 1)[1] for one in (first, second, third)] == [
        "proceeding.step_recorded.v1",
        "referral.sent.v1",
        "proceeding.step_recorded.v1",
    ]
    assert {first.subject, second.subject, third.subject} == {stream_id(AMR, "docket_no", "1号")}
    assert (step["procedure"], step["step"], step["resource"]) == ("旧系统", "登记", "办案人7")
    assert step["raw"] == {"页数": "3", "case:案由": "假冒"}
    assert step["numbers"] == [{"kind": "docket_no", "value": "1号"}]
    assert (second.to, str(second.legaltime)) == ((PSB,), "2020-03-02T13:30:00.500000+08:00")
    assert sent["numbers"]
    assert (third.source, taken["numbers"], taken["raw"]) == (PSB, [], {})
    assert {first.importid, third.importid} == {done.import_id}
    assert (done.rows_read, done.events) == (3, 3)
    # A type of its own has no room for what nobody mapped, and that is said.
    assert [(one.column, one.code, one.refused) for one in issues] == [
        ("case:案由", "attribute_dropped", False)
    ]


def test_a_case_keeps_the_log_s_order_where_times_tie_run_back_or_have_several_authors(
    world: World,
) -> None:
    names = ["登记", "受理", "登记", "受理", "登记"]
    days = ["2020-03-02", "2020-03-02", "2020-03-02", "2020-03-01", "2020-03-02T10:00:00+08:00"]
    events = [
        event(name, day, org__group="经侦" if name == "受理" else "", n=str(at))
        for at, (name, day) in enumerate(zip(names, days, strict=True))
    ]
    world.load(xes(world.folder, trace("1号", *events)), mapping())
    assert world.steps("1号") == names
    assert len({envelope.id for envelope, _ in world.told()}) == 5


def test_days_are_those_that_were_written_and_times_without_zone_have_the_log_s(
    world: World,
) -> None:
    late = event("登记", "2020-03-02T00:00:00+09:00")
    world.load(xes(world.folder, trace("1号", late)), mapping(log={"days": True}))
    bare = event("登记", "2020-03-02T01:00:00")
    path = xes(world.folder, trace("2号", bare), name="b.xes")
    world.load(path, mapping(log={"zone": "Asia/Tokyo"}))
    legal = [str(envelope.legaltime) for envelope, _ in world.told()]
    assert legal == ["2020-03-02", "2020-03-02T00:00:00+08:00"]


def test_loading_twice_changes_nothing(world: World) -> None:
    same = event("登记", n="1")
    path = xes(world.folder, trace("1号", same, same, event("受理")), trace("2号", same))
    first, _ = world.load(path, mapping())
    before = list(world.sent)
    again, _ = world.load(path, mapping())
    assert world.sent == before
    assert (first.events, again.events, again.rows_unchanged) == (4, 0, 4)


def test_a_log_that_has_grown_sends_what_is_new_behind_what_was(world: World) -> None:
    old = [event("登记"), event("登记")]
    world.load(xes(world.folder, trace("1号", *old)), mapping())
    done, _ = world.load(xes(world.folder, trace("1号", *old, event("受理"))), mapping())
    assert done.events == 1
    assert world.steps("1号") == ["登记", "登记", "受理"]


def test_the_next_month_s_log_goes_on_where_the_case_was(world: World) -> None:
    world.load(xes(world.folder, trace("1号", event("受理"))), mapping())
    later = event("登记", "2020-03-02T09:00:00+08:00")
    world.load(xes(world.folder, trace("1号", later), name="b.xes"), mapping())
    first, second = (envelope for envelope, _ in world.told())
    assert second.causationid == (first.id,)


def test_a_changed_event_with_an_id_is_corrected_once(world: World) -> None:
    def log(pages: str) -> Path:
        own = event("登记", identity__id="e1", 页数=pages)
        return xes(world.folder, trace("1号", own, event("受理", identity__id="e2")))

    world.load(log("3"), mapping())
    for _ in range(2):
        world.load(log("4"), mapping())
    corrected = [data for envelope, data in world.told() if "corrected" in envelope.type]
    assert [one["changes"] for one in corrected] == [{"raw": '{"case:案由":"假冒","页数":"4"}'}]
    done, _ = world.load(log("5"), mapping())
    assert (done.corrections, done.rows_unchanged) == (1, 1)


def test_a_load_that_was_cut_off_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH_ENTRIES", 4)
    same = event("登记")
    traces = [trace(f"{at}号", same, same, event("受理")) for at in range(7)]
    path = xes(world.folder, *traces, name="a.xes.gz")
    world.takes = 10
    with pytest.raises(KeyboardInterrupt):
        world.load(path, mapping())
    world.takes = 1 << 30
    done, _ = world.load(path, mapping())
    assert done.resumed_at == 12
    assert (done.rows_read, done.events) == (21, 21)
    told = [envelope.id for envelope, _ in world.told()]
    assert len(told) == len(set(told)) == 21
    assert all(world.steps(f"{at}号") == ["登记", "登记", "受理"] for at in range(7))
    whole = World(world.folder / "other")
    whole.load(path, mapping())
    assert {e.id: e.causationid for e, _ in whole.told()} == {
        e.id: e.causationid for e, _ in world.told()
    }
    assert world.load(path, mapping())[0].events == 0


def test_another_machine_that_asks_first_sends_nothing_again(world: World) -> None:
    path = xes(world.folder, trace("1号", event("登记"), event("登记")))
    world.load(path, mapping())
    history = tuple({"id": envelope.id} for envelope, _ in world.told())
    other = World(world.folder / "other")
    done, _ = other.load(path, mapping(), ask=lambda wanted: [Holding((), history)] * len(wanted))
    assert (done.events, done.rows_unchanged) == (0, 2)


def test_a_number_that_another_case_carries_takes_none_of_its_events(world: World) -> None:
    path = xes(
        world.folder, trace("1号", event("登记"), event("受理")), trace("2号", event("登记"))
    )
    done, issues = world.load(
        path,
        mapping(),
        ask=lambda wanted: [Holding(("x",) if n == "1号" else ()) for n, _ in wanted],
    )
    assert [one.code for one in issues] == ["number_in_use"] * 2
    assert done.events == 1
    # Once the other case is gone, the next load takes them.
    assert world.load(path, mapping())[0].events == 2


def test_a_dry_run_counts_and_leaves_no_trace(world: World) -> None:
    path = xes(world.folder, trace("1号", event("登记"), event("登记")))
    for _ in range(2):
        done, _ = world.load(path, mapping(), dry_run=True)
        assert (done.events, done.rows_unchanged) == (2, 0)
    assert not world.sent
    assert world.load(path, mapping())[0].events == 2
    assert world.load(path, mapping(), dry_run=True)[0].rows_unchanged == 2


@pytest.mark.parametrize(
    ("body", "code", "column"),
    [
        (trace("", event("登记")), "missing_value", "case:concept:name"),
        (event("登记"), "missing_value", ""),
        (trace("1号", event("别的")), "unknown_activity", "concept:name"),
        (trace("1号", event("登记", "")), "missing_value", "time:timestamp"),
        (trace("1号", event("登记", "昨天")), "bad_date", "time:timestamp"),
        (trace("1号", event("登记", "0001-01-01T00:00:00Z")), "bad_date", "time:timestamp"),
        (trace("1号", event("登记", "2062-01-01")), "bad_date", "time:timestamp"),
        (trace("1号", event("登记", 备注="机密★5年")), "state_secret", "备注"),
        (
            trace("1号", event("登记", identity__id="a"), event("受理", identity__id="a")),
            "number_repeated",
            "identity:id",
        ),
    ],
)
def test_an_event_that_cannot_be_taken_says_which_line_and_why(
    world: World, body: str, code: str, column: str
) -> None:
    _, issues = world.load(xes(world.folder, body), mapping())
    assert [(one.column, one.code, one.refused) for one in issues] == [(column, code, True)]
    assert issues[0].row in {2, 3, 4}


def test_an_unlisted_activity_may_be_a_step(world: World) -> None:
    path = xes(world.folder, trace("1号", event("别的")))
    world.load(path, mapping(activities={}, other="step"))
    assert world.steps("1号") == ["别的"]


NAUGHTY = {
    "bomb": b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><log>&b;</log>',
    "outside": b'<!DOCTYPE l SYSTEM "file:///etc/passwd"><log/>',
    "huge": b'<log><string key="a" value="' + b"x" * (5 << 20) + b'"/></log>',
}


@pytest.mark.parametrize("kind", sorted(NAUGHTY))
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_dangerous_xml_is_refused_before_it_is_read(
    world: World, kind: str, packed: bool, form: str
) -> None:
    path = world.folder / "a.xes"
    path.write_bytes(gzip.compress(NAUGHTY[kind]) if packed else NAUGHTY[kind])
    with pytest.raises(FileError, match="unsafe_file"):
        world.load(path, mapping(form, log={"form": form, "object": "x"}))


@pytest.mark.parametrize(
    "cut", [lambda raw: raw[:-20], lambda raw: raw[:-4] + b"0000", lambda raw: raw[:40] + raw[60:]]
)
def test_a_gzip_that_is_cut_off_or_damaged_sends_nothing(
    world: World, cut: Callable[[bytes], bytes]
) -> None:
    path = xes(world.folder, *(trace(f"{n}号", event("登记")) for n in range(99)), name="a.xes.gz")
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(FileError, match="bad_log"):
        world.load(path, mapping())
    assert not world.sent


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b"<log><trace>", "bad_log"),
        (b"<html></html>", "bad_log"),
        (b"{}", "bad_log"),
        (b"\x00\x01", "bad_log"),
    ],
)
def test_what_is_no_xes_is_one_clear_error(world: World, raw: bytes, code: str) -> None:
    path = world.folder / "a.xes"
    path.write_bytes(raw)
    with pytest.raises(FileError) as refused:
        world.load(path, mapping())
    assert refused.value.code == code


TABLE = {"id": "案号", "kind": "docket_no", "source": {"value": AMR}}
COLUMNS = {"activity": "环节", "time": "时间", "resource": "部门"}
BY_TABLE: dict[str, Any] = {
    "case": TABLE,
    "event": {**COLUMNS, "source": {"attribute": "部门", "agencies": {"经侦": PSB}}},
}
ROWS = [
    ("案号", "环节", "时间", "部门", "备注"),
    ("1号", "登记", "2020/3/2", AMR, "甲"),
    ("2号", "登记", "2020/3/2", AMR, ""),
    ("1号", "受理", "2020/3/2", "经侦", ""),
    ("2号", "受理", "2020/3/1", "经侦", ""),
    ("", "受理", "2020/3/1", "经侦", ""),
]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_of_interleaved_cases_keeps_each_case_s_order(world: World, encoding: str) -> None:
    path = world.folder / "a.csv"
    path.write_text("\n".join(map(",".join, ROWS)), encoding=encoding)
    _, issues = world.load(path, mapping("table", **BY_TABLE))
    assert [(one.row, one.column, one.code) for one in issues] == [(6, "案号", "missing_value")]
    assert world.steps("1号") == world.steps("2号") == ["登记", "受理"]
    assert world.told()[0][1]["raw"] == {"备注": "甲"}
    world.load(path, mapping("table", **BY_TABLE, log={"form": "table", "order": "time"}))
    assert len(world.told()) == 4


def test_a_table_may_be_put_in_the_order_of_its_times(world: World) -> None:
    path = world.folder / "a.csv"
    path.write_text("\n".join(map(",".join, ROWS)), encoding="utf-8")
    world.load(path, mapping("table", **BY_TABLE, log={"form": "table", "order": "time"}))
    assert world.steps("1号") == ["登记", "受理"]
    assert world.steps("2号") == [NOTED, "受理", "登记"]


def test_before_another_s_first_event_stands_a_note_of_who_gave_the_number(world: World) -> None:
    """So the stream is the giver's, though anyone can compute its id (ADR 40)."""
    path = world.folder / "a.csv"
    path.write_text("\n".join(map(",".join, ROWS)), encoding="utf-8")
    by = mapping("table", **BY_TABLE, log={"form": "table", "order": "time"})
    summary, _ = world.load(path, by)
    stream = stream_id(AMR, "docket_no", "2号")
    (note, said), (first, _), *_ = [one for one in world.told() if one[0].subject == stream]
    assert (note.type, note.source, first.source) == (NOTED, AMR, PSB)
    assert said["numbers"] == [{"kind": "docket_no", "value": "2号"}]
    assert first.causationid == (note.id,)
    assert summary.events == len(world.told())
    sent = len(world.sent)
    world.load(path, by)
    assert len(world.sent) == sent
    # Where the giver itself speaks first, nothing is added.
    own = [one for one, _ in world.told() if one.subject == stream_id(AMR, "docket_no", "1号")]
    assert NOTED not in {one.type for one in own}


def test_without_the_giver_s_key_nothing_of_its_case_is_sent(world: World) -> None:
    path = world.folder / "a.csv"
    path.write_text("\n".join(map(",".join, ROWS)), encoding="utf-8")
    case = {**BY_TABLE["case"], "source": {"value": KEYLESS}}
    by = mapping("table", **{**BY_TABLE, "case": case}, log={"form": "table", "order": "time"})
    summary, issues = world.load(path, by)
    assert (summary.events, world.told()) == (0, [])
    assert "no_key" in {one.code for one in issues}


def test_a_workbook_is_a_log_too(world: World) -> None:
    book = Workbook()
    for row in ROWS[:-1]:
        book.worksheets[0].append(row)
    book.save(world.folder / "a.xlsx")
    world.load(world.folder / "a.xlsx", mapping("table", **BY_TABLE))
    assert world.steps("1号") == ["登记", "受理"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"log": {"form": "ocel"}}, "needs `object`"),
        ({"log": {"form": "table"}}, "needs case.id"),
        ({"log": {"zone": "Mars/Olympus"}}, "no time zone"),
        ({"log": {"form": "word"}}, "log.form"),
        ({"activities": {}, "other": "refuse"}, "no activity is listed"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_log_s_mapping_that_is_wrong_says_where(changes: dict[str, Any], place: str) -> None:
    body = mapping().model_dump(exclude={"digest"}, exclude_defaults=True, mode="json")
    body |= {"case": {"kind": "a", "source": {"value": AMR}}, "event": {}}
    for name, value in changes.items():
        body[name] = body.get(name, {}) | value if isinstance(value, dict) and value else value
    with pytest.raises(FileError) as refused:
        LogMapping.parse(yaml.safe_dump(body).encode(), "a.yaml")
    assert place in refused.value.detail

"""Very many cases, made by COPY, and every kind of search that is asked of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from casebus.cases import FOLD_VERSION
from storage.handles import Pool
from storage.packing import pack_headers
from storage.searching import CaseFilter, Sort, Viewing

NOW = datetime(2026, 3, 5, tzinfo=UTC)
#: Has a part in everything, in a few cases, in as many as most.
EVERYWHERE, RARE, USUAL = "cn-330000-amr", "cn-330199-amr", "cn-330110-amr"
OPENERS = [f"cn-3301{at:02}-amr" for at in range(10, 90)]
STATES = ("sent", "filed", "decided", "investigating", "closed")
PROCEDURES = ("referral", "administrative_case", "mediation")
WORDS = ("涉嫌", "销售", "假冒", "注册", "商标", "专利", "商品", "茶叶", "电器", "服装", "酒", "案")
STATE_TITLES = ("已移送", "已立案", "已作出决定", "调查中", "已结案")
KINDS = ("gap", "no_standing", "data_quality", "omission")
SORTS: tuple[Sort, ...] = ("-changed", "changed", "-opened", "opened", "due")
SEARCHES: dict[str, CaseFilter] = {
    "all": CaseFilter(),
    "status": CaseFilter(status="filed"),
    "closed": CaseFilter(status="restricted"),
    "procedure": CaseFilter(procedure="mediation"),
    "agency": CaseFilter(agency=USUAL),
    "openers": CaseFilter(openers=tuple(OPENERS[:20])),
    "clock": CaseFilter(clock="T08", clock_state="running"),
    "overdue": CaseFilter(clock_state="overdue"),
    "breached": CaseFilter(clock_state="breached"),
    "done too late": CaseFilter(clock_state="late"),
    "owes": CaseFilter(owes=USUAL, clock="T08", clock_state="overdue"),
    "due within": CaseFilter(due_before=NOW + timedelta(days=3)),
    "finding": CaseFilter(finding="gap"),
    "rare finding": CaseFilter(finding="omission"),
    "opened": CaseFilter(opened_from=NOW - timedelta(days=30), opened_before=NOW),
    "changed": CaseFilter(changed_from=NOW - timedelta(days=1)),
    "due to": CaseFilter(due_before=NOW + timedelta(days=30)),
    "offence": CaseFilter(offence="214"),
    "rare offence": CaseFilter(offence="219"),
    "event": CaseFilter(event=f"{4242:032x}"),
    "trace": CaseFilter(trace=f"{4242:032x}".encode()),
    "organisation": CaseFilter(organisation="91330100000000042X"),
    "number": CaseFilter(number="NO-4242"),
    "a word": CaseFilter(title="茶叶"),
    "a character": CaseFilter(title="酒"),
    "words": CaseFilter(title="茶叶 专利"),
    "a long word": CaseFilter(title="涉嫌销售"),
    "no such word": CaseFilter(title="龙井"),
    "a state's word": CaseFilter(title="已立案"),
    "several": CaseFilter(status="filed", clock_state="overdue", title="商标", agency=USUAL),
}


class Made:
    """The rows of so many cases."""

    def __init__(self, count: int) -> None:
        self._random = random.Random(20260305)
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in (*COLUMNS,)}
        for at in range(count):
            self._case(at, UUID(int=self._random.getrandbits(128)))

    def _case(self, at: int, stream: UUID) -> None:
        one = self._random
        opener = RARE if at % 20_000 == 7 else one.choice(OPENERS)
        other = one.choice(OPENERS)
        opened = NOW - timedelta(minutes=one.randrange(60 * 24 * 700))
        changed = opened + (NOW - opened) * one.random()
        procedure, status = one.choice(PROCEDURES), one.choice(STATES)
        view = {
            "title": STATE_TITLES[STATES.index(status)],
            "title_en": "",
            "secrecy": ["MINOR"] if at % 20 == 3 else [],
            "team": sorted({opener, other}),
            "regions": [{"procedure": procedure, "status": status}],
            "numbers": [{"kind": "letter_no", "value": f"NO-{at}"}],
            # As long as the text of a case with thirty events.
            "order": [{"source": opener, "id": f"{one.getrandbits(128):032x}"} for _ in range(30)],
        }
        if at % 10 == 5:
            view["assessments"] = [{"offence": "219" if at % 1000 == 5 else "214"}]
        self._event(at, stream, opener, other)
        law, digest = "0" * 64, f"{one.getrandbits(256):064x}"
        self.rows["case_state"].append(
            (stream, procedure, status, opener, 1, digest, law, opened, changed, view, FOLD_VERSION)
        )
        self.rows["title"].append((stream, 0, None, [], view["title"]))
        for place in range(1, 2 + (at % 7 == 0)):
            title = "".join(one.choices(WORDS, k=8))
            self.rows["title"].append((stream, place, opener, [other], title))
        self.rows["party"] += [(stream, name) for name in {opener, other, EVERYWHERE}]
        self.rows["number"].append((f"NO-{at}", "letter_no", stream, opener))
        self.rows["trait"].append(("codes", f"913301000{one.randrange(50_000):08}X", stream))
        if at % 10 == 0:
            self.rows["side_region"].append((stream, "referral", one.choice(STATES), {}))
        if at % 3 == 0:
            kind = KINDS[3] if at % 300 == 0 else one.choice(KINDS[:3])
            self.rows["finding"].append((stream, "k", kind, {"kind": kind}))
        self._clocks(stream, opened, (opener, other))

    def _event(self, at: int, stream: UUID, opener: str, other: str) -> None:
        name, leaf = f"{at:032x}", b"0" * 32
        headers = pack_headers(
            [
                ("ce_id", name.encode()),
                ("ce_source", opener.encode()),
                ("traceparent", f"00-{name}-00f067aa0ba902b7-01".encode()),
            ]
        )
        place = (1, at % 4, at)
        self.rows["journal"].append(
            (*place, stream, opener, name, leaf, leaf, b"0" * 300, headers, NOW)
        )
        self.rows["event"].append(
            (
                *(stream, opener, name, "casebus.referral.sent.v1", opener, "administrative"),
                *([other], NOW, NOW, None, leaf, *place),
            )
        )

    def _clocks(self, stream: UUID, opened: datetime, actors: tuple[str, str]) -> None:
        one = self._random
        for name, actor in zip(("T08", "T18"), actors, strict=True):
            runs = one.random() < 0.3
            due = opened + timedelta(days=one.randrange(700))
            breach = {"source": "bus", "id": "x"} if one.random() < 0.02 else None
            state = "running" if runs else one.choice(("met", "met_late", "cancelled"))
            self.rows["clock"].append(
                (
                    stream,
                    name,
                    name,
                    state,
                    False,
                    due,
                    due,
                    "referral",
                    0,
                    "",
                    {"breach": breach, "actor": actor},
                )
            )


COLUMNS: dict[str, tuple[str, ...]] = {
    "journal": (
        *("epoch", "partition", "log_index", "stream", "source", "event_id", "event_leaf"),
        *("log_leaf", "value", "headers", "appended_at"),
    ),
    "event": (
        *("stream", "source", "id", "type", "author", "sector", "recipients", "legal_at"),
        *("recorded_at", "sequence", "event_leaf", "epoch", "partition", "log_index"),
    ),
    "case_state": (
        *("stream", "procedure", "status", "opener", "version", "digest", "law"),
        *("opened_at", "updated_at", "view", "fold_version"),
    ),
    "title": ("stream", "place", "agency", "recipients", "title"),
    "party": ("stream", "agency"),
    "number": ("value", "kind", "stream", "agency"),
    "trait": ("kind", "value", "stream"),
    "side_region": ("stream", "procedure", "status", "view"),
    "finding": ("stream", "key", "kind", "view"),
    "clock": (
        *("stream", "key", "clock", "status", "historic", "due", "breach_after"),
        *("procedure", "extended", "cause", "view"),
    ),
}


async def fill(pool: Pool, cases: int) -> None:
    """Put so many cases into an empty database."""
    made = Made(cases)
    for table, columns in COLUMNS.items():
        async with pool.acquire() as connection:
            await connection.copy_records_to_table(
                table, schema_name="derived", columns=columns, records=made.rows[table]
            )
    for table in COLUMNS:
        await pool.execute(f"vacuum analyze derived.{table}")


def searches() -> Iterator[tuple[str, Viewing, CaseFilter, Sort]]:
    for viewer in (EVERYWHERE, USUAL, RARE, None):
        viewing = Viewing(viewer, figures=viewer != USUAL, now=NOW)
        for name, wanted in SEARCHES.items():
            yield f"{viewer} {name}", viewing, wanted, "-changed"
        for sort in SORTS:
            yield f"{viewer} by {sort}", viewing, CaseFilter(status="filed"), sort

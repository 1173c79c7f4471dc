"""Shapes that several resources share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from starlette.convertors import Convertor, register_url_convertor

from casebus.law import acts
from casebus.rows import RowLike

CASE = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
EVENT = "01985f2e-7c1b-7d10-8f2a-93b1c0a7d002"
SOURCE = "cn-330106-amr"
#: The greatest number that a column of the tables holds.
MOST_INTEGER = 2**31 - 1
#: The most days that a question looks ahead: ten years.
MOST_DAYS = 3650
#: Characters of a name that a caller asks for: of a reason, a door, a source, a stream.
LONGEST_NAME = 255


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it is no moment of the years 1 to 9999") from None


#: A caller's moment: with its zone, and one that UTC has too.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Shape(BaseModel):
    """A JSON object of the API; further fields of casework's views are passed on.

    Bytes, of a public key for example, are written in hexadecimal digits.
    """

    model_config = ConfigDict(extra="allow", ser_json_bytes="hex")

    def as_json(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self)


class Position(Shape):
    """A recorded position: a record's rank in one partition of the journal, never an offset."""

    epoch: int
    partition: int
    index: int

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"epoch": 1, "partition": 2, "index": 4711}}
    )


class Identity(Shape):
    """(source, id) of an event within its case."""

    source: str = Field(examples=[SOURCE])
    id: str = Field(examples=[EVENT])


class LocalNumber(Shape):
    """A number that an agency gave: 案号, 移送书文号."""

    kind: str = Field(examples=["letter_no"])
    value: str = Field(examples=["杭西市监移〔2026〕7号"])


class Clock(Shape):
    """期限: a statutory period; `state` adds `unconfirmed` and `breached` to the fold's status."""

    key: str
    id: str = Field(examples=["T08"])
    title: str = Field(examples=["公安机关决定是否立案"])
    state: str = Field(examples=["running"])
    due: datetime | None = Field(default=None, description="None while the clock is paused.")
    provisional: bool = Field(
        default=False,
        description="暂定: the notice of that year's holidays is not out; `due` is the best known.",
    )
    certain: datetime | None = Field(
        default=None,
        description="From when it is certainly over, whatever the notice says; told no earlier.",
    )
    nominal: date | None = Field(
        default=None, description="The last day as counted, before it rolled over a day off."
    )
    warn: datetime | None = Field(default=None, description="When its actor is warned.")
    paused_since: str | None = Field(default=None, examples=["2026-03-02"])
    counted_from: str | None = Field(
        default=None,
        description="Where the law counts from receipt: the day or moment from which this counts.",
        examples=["2026-03-07"],
    )
    counted_by: str = Field(
        default="",
        description="How the receipt is known: `received` by the intake, `retrieved`, `declared` "
        "by the receiver, `presumed` some hours after recording, or the event's `own_date`.",
        examples=["received"],
    )
    extended: int = Field(default=0, description="How many extensions were granted.")
    cause: str = Field(default="", description="Why it was not kept.", examples=["LINK_DOWN"])
    procedure: str = Field(default="", examples=["referral"])
    historic: bool = False


class Region(Shape):
    """One procedure of a case: it runs beside the others in its own state."""

    procedure: str = Field(examples=["mediation"])
    status: str = Field(examples=["accepted"])
    title: str = Field(examples=["已受理"])
    title_en: str = Field(examples=["Accepted"])
    opened_by: Identity
    roles: dict[str, list[str]]


class Finding(Shape):
    """Something a person should know about one event."""

    key: str
    kind: str = Field(examples=["out_of_procedure"])
    severity: str = Field(examples=["WARNING"])
    event: Identity
    detail: dict[str, Any]
    tell_after: datetime | None = Field(
        default=None,
        description="From when on it is told, unless a late event has healed it by then.",
    )


class Need(Shape):
    """须载明的内容: one thing that an act must have, and its places."""

    what: str = Field(examples=["理由"])
    what_en: str = Field(examples=["the reasons"])
    where: list[str] = Field(
        examples=[["reasons"]],
        description="Fields of `data`: one of them must have it; `to` for the recipients.",
    )
    papers: list[str] = Field(default=[], description="Kinds of document; `*` any.")
    sectors: list[str] = Field(default=[], description="Its recipient: any agency of these.")
    citation: str = Field(examples=["行政执法机关移送涉嫌犯罪案件的规定 第八条"])
    confidence: str = Field(examples=["V-L"])


class WorkItem(Shape):
    """待办事项: what an agency still has to do, or had to do, about a case."""

    key: str = Field(examples=["5d2f6c1e-9a0b-5f5e-8c53-2b1b6f0f9a11"])
    case: str = Field(examples=[CASE])
    agency: str = Field(examples=["cn-330106-psb"])
    duty: str = Field(examples=["decide_filing"])
    title: str = Field(examples=["决定是否立案"])
    actions: dict[str, str] = Field(examples=[{"file": "casebus.referral.filed.v1"}])
    opened_by: Identity
    due: datetime | None = None
    provisional: bool = Field(default=False, description="暂定: `due` may still move.")
    version: int = Field(examples=[1])
    is_open: bool = True
    taken_by: str | None = None
    numbers: list[LocalNumber] = Field(default=[], description="The case's numbers.")
    case_title: str = Field(
        default="", description="What the case is about, as far as the caller may see it."
    )
    sender: str = Field(default="", description="Who sent what opened it.", examples=[SOURCE])
    sender_name: str = Field(default="", examples=["杭州市西湖区市场监督管理局"])
    received: datetime | None = Field(
        default=None, description="When that was delivered, or recorded where nothing shows it."
    )
    requires: dict[str, list[Need]] = Field(
        default={},
        description="What each action must contain today, by the law of the case. An action that "
        "lacks some of it is refused (`act_incomplete`) before it is signed. Only with one item.",
    )
    alike: list[str] = Field(
        default=[],
        description="Other open items in which others who may ask this agency ask about the same "
        "penalty. One answer serves all of them. Only with one item.",
    )


Next = Annotated[str | None, Field(description="Cursor of the next page; none on the last.")]


def position_of(row: RowLike) -> Position:
    return Position(epoch=row["epoch"], partition=row["partition"], index=row["log_index"])


def clock_of(row: RowLike, now: datetime) -> Clock:
    """Past due and grace a clock is `unconfirmed` until its end is journaled.

    Design rule 15, the barrier.
    """
    view, over = row["view"], (row["breach_after"], row["lapse_after"])
    state = row["status"]
    if view.get("breach"):
        state = "breached"
    elif state == "running" and any(one is not None and one <= now for one in over):
        state = "unconfirmed"
    return Clock(**{**view, "state": state})


def work_item_of(row: RowLike, **more: Any) -> WorkItem:
    columns = {"is_open": row["is_open"], "due": row["due"], "numbers": row["numbers"] or []}
    sent = {"sender": row["sender"] or "", "received": row["received"]}
    return WorkItem(**{**row["view"], "case": str(row["stream"]), **columns, **sent, **more})


def need_of(need: acts.Need) -> Need:
    return Need(
        what=need.what,
        what_en=need.what_en,
        where=list(need.places),
        papers=list(need.papers),
        sectors=list(need.to),
        citation=need.citation,
        confidence=need.confidence,
    )


class _Segment(Convertor[str]):
    """One path segment; the server passes it on decoded, except for `%2F` and `%25` (see `app`)."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return value.replace("%2F", "/").replace("%25", "%")

    def to_string(self, value: str) -> str:
        return value.replace("%", "%25").replace("/", "%2F")


register_url_convertor("segment", _Segment())

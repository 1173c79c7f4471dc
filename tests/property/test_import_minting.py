from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casebus.events.legaltime import LegalTime
from casebus.events.minted import stream_id
from casebus.events.types import CASE_CORRECTED
from casebus.sdk.importing.cells import parse_date
from casebus.sdk.importing.issues import CellError
from casebus.sdk.importing.minting import (
    KnownSlot,
    MintedEvent,
    reconcile,
    reconcile_row,
)

AGENCY = "cn-330106-amr"
STREAM = stream_id(AGENCY, "letter_no", "X〔2025〕1号")
days = st.dates(date(1990, 1, 1), date(2060, 1, 1))
bodies = st.dictionaries(
    st.sampled_from(["note", "title", "unit"]), st.text(max_size=5), max_size=3
)


def minted(body: dict[str, Any], *, slot: str = "a", day: date = date(2025, 3, 2)) -> MintedEvent:
    return MintedEvent(
        slot=slot,
        type="casebus.referral.sent.v1",
        stream=STREAM,
        source=AGENCY,
        to=(),
        legal=LegalTime(day),
        data=body,
    )


def holding(event: MintedEvent, revision: int = 0) -> KnownSlot:
    return KnownSlot(event.id, event.source, event.fields(), revision)


@given(bodies, days)
def test_the_same_row_mints_the_same_id_whatever_its_keys_order(
    body: dict[str, Any], day: date
) -> None:
    turned = dict(reversed(list(body.items())))
    assert minted(body, day=day).id == minted(turned, day=day).id


@given(bodies, bodies)
def test_rows_that_say_something_else_mint_other_ids(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert (minted(one).id == minted(other).id) == (one == other)


@given(bodies)
def test_what_was_sent_is_not_sent_again(body: dict[str, Any]) -> None:
    assert reconcile(minted(body), holding(minted(body))) is None


@given(bodies, bodies)
def test_a_changed_row_is_a_correction_of_the_first_event(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    due = reconcile(minted(after), holding(minted(before)))
    if before == after:
        assert due is None
        return
    assert due is not None
    assert due.type == CASE_CORRECTED
    assert due.data["corrected_id"] == minted(before).id
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert due.data["changes"].keys() == changed


@given(bodies, bodies)
def test_changing_back_and_forth_never_mints_a_used_id(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    if one == other:
        return
    first = minted(one)
    ids = {first.id}
    for revision, said in enumerate([other, one, other, one]):
        earlier = KnownSlot(first.id, AGENCY, {"$": revision}, revision)
        due = reconcile(minted(said), earlier)
        assert due is not None
        ids.add(due.id)
    assert len(ids) == 5


@given(st.lists(bodies, min_size=1, max_size=5))
def test_each_event_of_a_row_names_the_one_before_it(rows: list[dict[str, Any]]) -> None:
    events = [minted(body, slot=str(at)) for at, body in enumerate(rows)]
    sent = reconcile_row(events, {})
    assert [one.causation for one in sent] == [(), *((one.id,) for one in sent[:-1])]


@given(st.text(max_size=12))
def test_spelling_does_not_make_another_case(number: str) -> None:
    wide = number.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    assert stream_id(AGENCY, "case_no", wide) == stream_id(AGENCY, "case_no", f" {number}\u3000")


@given(days)
def test_every_day_reads_back_from_every_form(day: date) -> None:
    written = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        str((day - date(1899, 12, 30)) // timedelta(days=1)),
    ]
    assert {parse_date(text) for text in written} == {LegalTime(day)}


@given(st.text())
def test_any_text_is_a_date_or_a_refusal(text: str) -> None:
    with suppress(CellError):
        assert isinstance(parse_date(text), LegalTime)

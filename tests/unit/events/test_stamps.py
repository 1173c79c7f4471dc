"""What admission stamps is read as it was written, and nothing else is taken for a stamp."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.events.stamps import Origin, Position, Refusal, Stamps, texts_of, without_stamps

_NAMES = st.from_regex(r"cn-[0-9]{1,6}-[a-z]{1,4}", fullmatch=True)
_MOMENTS = st.datetimes(timezones=st.just(UTC))
_ORIGINS = st.builds(
    Origin, st.just("events.police.cn-1-psb"), *[st.integers(0, 2**40) for _ in range(3)]
)
_PAIRS = st.lists(st.tuples(_NAMES, st.sampled_from(["police", "court"])), max_size=4)
_OWN = [("ce_id", b"1"), ("content-type", b"application/avro")]


@given(_MOMENTS, _ORIGINS, _PAIRS, st.lists(_NAMES, max_size=3), st.integers(0, 2**31))
def test_the_stamps_of_a_journaled_record_are_read_as_they_were_written(
    at: datetime,
    origin: Origin,
    pairs: list[tuple[str, str]],
    unknown: list[str],
    directory: int,
) -> None:
    stamps = Stamps(
        admitted_at=at,
        origin=str(origin),
        recipients=tuple(name for name, _ in pairs),
        sectors=tuple(sector for _, sector in pairs),
        routes=("inbox.police",),
        undeliverable=tuple(unknown),
        flags=("late",),
        law="ab" * 32,
        directory=directory,
    )
    headers = [*_OWN, *stamps.headers()]
    assert Stamps.of(headers) == stamps
    assert without_stamps(headers) == _OWN
    assert Origin.parse(stamps.origin) == origin
    assert (stamps.door, stamps.sector) == ("events.police.cn-1-psb", "police")


@given(_MOMENTS, _ORIGINS, st.none() | _NAMES, st.none() | st.binary(max_size=32))
def test_the_stamps_of_a_rejected_record_are_read_as_they_were_written(
    at: datetime, origin: Origin, author: str | None, leaf: bytes | None
) -> None:
    stamps = Refusal("unsigned", "no key", at, str(origin), author, leaf)
    assert Refusal.of(stamps.headers()) == stamps


@pytest.mark.parametrize("text", ["", "events.police/1/2", "events.police/1/2/3/4", "a/b/c/d"])
def test_an_origin_that_admission_does_not_write_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"unpack|invalid literal"):
        Origin.parse(text)


def test_recipients_without_their_sectors_are_refused() -> None:
    texts = texts_of(Stamps(datetime(2026, 1, 1, tzinfo=UTC), "events.bus/0/0/0").headers())
    read = Stamps.read(texts | {"cb-recipients": "cn-1-psb"})
    with pytest.raises(ValueError, match="shorter"):
        assert read.sector_by_recipient


def test_a_position_is_its_beginning_and_the_offset() -> None:
    assert Position.parse((Position.before(1, 2) + b"7").decode()) == (1, 2, 7)

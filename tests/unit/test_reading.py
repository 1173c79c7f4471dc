"""What a foreign client may write: names that are no UTF-8, any codec, a batch that is a bomb."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as Builder
from aiokafka.structs import ConsumerRecord, TopicPartition

from casebus.events.envelope import UNREADABLE
from services.transport.reading import LenientRecords
from tests.foreign import Name

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def batch(*names: str, codec: int = 0, first: int = 0, value: bytes = b"v" * 500) -> bytes:
    """A batch of one record a name, numbered from `first`."""
    builder = Builder(2, codec, 0, -1, -1, -1, 1 << 30)
    for at, name in enumerate(names):
        builder.append(at, 1000 + at, b"key", value, [("before", b"1"), (name, b"2")])
    built = builder.build()
    built[:8] = first.to_bytes(8, "big")
    return bytes(built)


def read(fetched: bytes, start: int = 0) -> list[ConsumerRecord]:
    """As aiokafka's fetcher does it, the check of each batch's CRC included."""
    place, records = TopicPartition("events.police", 0), LenientRecords(fetched)
    return list(PartitionRecords(place, records, [], start, None, None, True, 0))


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_name_that_is_no_utf8_is_given_with_surrogates_and_its_neighbours_as_they_are(
    codec: int,
) -> None:
    names = ("one", Name.of(b"ce_\xff\xfe"), "three")
    records = read(batch(*names, codec=codec) + batch("four", first=3))
    assert [record.headers[1][0] for record in records] == [
        "one",
        "ce_\udcff\udcfe",
        "three",
        "four",
    ]
    assert [record.offset for record in records] == [0, 1, 2, 3]
    assert [record.timestamp for record in records] == [1000, 1001, 1002, 1000]
    assert {(record.key, record.value, record.headers[0]) for record in records} == {
        (b"key", b"v" * 500, ("before", b"1"))
    }


def test_reading_goes_on_in_mid_batch_where_it_was_left() -> None:
    assert [it.offset for it in read(batch("one", Name.of(b"\xff"), "three"), start=2)] == [2]


@pytest.mark.slow
@pytest.mark.parametrize("codec", list(CODECS)[1:])
def test_a_batch_that_unpacks_to_too_much_is_so_many_records_of_nothing(codec: str) -> None:
    bomb = batch("one", "two", codec=CODECS[codec], value=bytes(40 << 20))
    records = read(bomb + batch("three", first=2))
    assert [(it.offset, it.key, it.value) for it in records[:2]] == [
        (0, None, None),
        (1, None, None),
    ]
    assert [it.headers for it in records[:2]] == [((UNREADABLE, b""),)] * 2
    assert records[2].headers[1] == ("three", b"2")


@pytest.mark.parametrize("codec", list(CODECS)[1:])
def test_a_batch_that_is_cut_off_inside_is_so_many_records_of_nothing(codec: str) -> None:
    packed = bytearray(batch("one", codec=CODECS[codec])[:-20])
    packed[8:12] = (len(packed) - 12).to_bytes(4, "big")
    records = LenientRecords(bytes(packed))
    assert [record.headers for record in records.next_batch()] == [[(UNREADABLE, b"")]]
    assert not records.has_next()


#: Method: the first digits of its source's SHA-256.
PINS: dict[Callable[..., Any], str] = {
    PartitionRecords._unpack_records: "b803e6d46480732c",
    PartitionRecords._consumer_record: "e668541600b047ab",
    fetcher.Fetcher._proc_fetch_request: "59bf948fff47eed5",
}


@pytest.mark.parametrize("method", PINS, ids=lambda it: it.__qualname__)
def test_a_method_that_the_reading_relies_on_is_as_it_was_read(method: Any) -> None:
    source = inspect.getsource(method)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == PINS[method]


def test_aiokafka_is_the_version_that_was_read() -> None:
    assert version("aiokafka") == "0.14.0"

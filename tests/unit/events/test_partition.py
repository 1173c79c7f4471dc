"""Partitions agree with Kafka's own murmur2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from casebus.events.partition import murmur2, partition_for


@pytest.mark.parametrize(
    ("key", "expected"),
    [  # from Apache Kafka's UtilsTest
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    ],
)
def test_murmur2_gives_what_kafka_gives(key, expected):
    assert murmur2(key) == expected % 2**32


@given(st.binary(max_size=64), st.integers(1, 96))
def test_the_partition_is_the_one_other_clients_choose(key, count):
    assert partition_for(key, count) == (kafka_murmur2(key) & 0x7FFFFFFF) % count

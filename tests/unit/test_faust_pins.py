"""What services/transport relies on inside Faust, pinned: a new Faust fails here, by name.

When one of these fails: read the changed method beside services/transport/batching.py and agent.py,
run tests/faults and tests/integration/test_transport_contract.py, then take over the new digest.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faust
import pytest
from faust._cython import streams as cython_streams
from faust.app.base import App
from faust.streams import Stream
from faust.tables.recovery import Recovery
from faust.transport import consumer
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage, Message
from mode import Service

from services.transport import commits

#: Method: its signature, and the first digits of its source's SHA-256.
PINS: dict[Callable[..., Any], tuple[str, str]] = {
    Consumer._getmany: ("(self, active_partitions, timeout)", "fea4952545b44cac"),
    ThreadDelegateConsumer._getmany: ("(self, active_partitions, timeout)", "f9d47aa9010b5ff2"),
    Consumer.getmany: ("(self, timeout)", "4b168d84882a70d6"),
    Consumer._wait_next_records: ("(self, timeout)", "6218e1969a636b3f"),
    Consumer._add_gap: ("(self, tp, offset_from, offset_to)", "4df2573ded7c1c2c"),
    Consumer._new_offset: ("(self, tp)", "1d2c7ea89a7ad4f1"),
    Consumer._should_commit: ("(self, tp, offset)", "5ce941793947ad42"),
    Consumer._filter_committable_offsets: ("(self, tps)", "dc5e9baf5d994485"),
    Consumer._commit_offsets: ("(self, offsets, start_new_transaction)", "1a69799041188441"),
    Consumer.ack: ("(self, message)", "5fcf41cf45153475"),
    Consumer._drain_messages: ("(self, fetcher)", "44a2500309e83c63"),
    Consumer.perform_seek: ("(self)", "0e8c130ff4b0afd8"),
    Consumer.wait_empty: ("(self)", "e4662fe24f094819"),
    Consumer._clean_unacked_messages: ("(self)", "11be2587e71c9162"),
    Consumer.on_stop: ("(self)", "45b1d2210ce2b526"),
    Consumer.on_partitions_revoked: ("(self, revoked)", "d04b7ae72c6fc206"),
    ThreadDelegateConsumer.seek_wait: ("(self, partitions)", "e9db5bbc4ceb2543"),
    driver.Consumer._to_message: ("(self, tp, record)", "7c24f6511b2fcef7"),
    driver.AIOKafkaConsumerThread._fetch_records: (
        "(self, consumer, active_partitions, timeout, max_records)",
        "39a2c6c79fc1455a",
    ),
    driver.AIOKafkaConsumerThread._create_worker_consumer: (
        "(self, transport)",
        "c2701bfc3e6f6cad",
    ),
    driver.AIOKafkaConsumerThread._commit: ("(self, offsets)", "932852ce7a23f658"),
    Message.ack: ("(self, consumer, n)", "4751b72c4ed84153"),
    ConsumerMessage.on_final_ack: ("(self, consumer)", "45d670b6a8ac4bd0"),
    Stream.noack: ("(self)", "921a6f5c674d32d4"),
    Stream.events: ("(self)", "c62f4dd3a73fe7aa"),
    Stream.ack: ("(self, event)", "32d7171a89b0931d"),
    Stream._c_aiter: ("(self)", "fa44582a5882e9df"),
    Stream._py_aiter: ("(self)", "3a48ee257a65435b"),
    App.on_first_start: ("(self)", "ec655d9c223403cc"),
    App.on_shutdown: ("(self)", "c00b1dbba64a95c2"),
    App._on_partitions_revoked: ("(self, revoked)", "d5c895bbe57dc73a"),
    App._on_partitions_assigned: ("(self, assigned, generation_id)", "de932b7927db85b3"),
    Recovery._resume_streams: ("(self, generation_id)", "d986a6710c1aca98"),
    Service.crash: ("(self, reason)", "14980000465df0af"),
    Service._crash: ("(self, reason)", "7bc0c709a151d556"),
}


def digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


@pytest.mark.parametrize("method", PINS, ids=lambda it: it.__qualname__)
def test_a_method_that_the_transport_relies_on_is_as_it_was_read(method: Any) -> None:
    parameters = f"({', '.join(inspect.signature(method).parameters)})"
    assert (parameters, digest(inspect.getsource(method))) == PINS[method]


def test_the_compiled_stream_iterator_is_that_of_the_version_that_was_read() -> None:
    # A compiled method has no source at run time; the wheel carries it beside.
    source = Path(cython_streams.__file__).with_name("streams.pyx")
    assert digest(source.read_text()) == "0041622f4a251188"


def test_faust_and_mode_are_the_versions_that_were_read() -> None:
    assert (version("faust-streaming"), version("mode-streaming")) == ("0.15.3", "0.7.1")


def test_a_topic_of_faust_may_hold_any_object_as_a_raw_value() -> None:
    app = faust.App("pins", broker="kafka://127.0.0.1:1")
    value = object()
    assert app.serializers.loads_value(None, value, serializer="raw") is value


def test_of_faust_s_tables_of_text_only_that_of_a_commit_is_left_undrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer, "terminal", consumer.terminal)
    asked = re.findall(r"\bterminal\.(\w+)", inspect.getsource(consumer))
    assert set(asked) == {"logtable"}
    commits.install()
    assert consumer.terminal.logtable([("tp", "1")], title="t", headers=["TP", "Offset"]) == ""

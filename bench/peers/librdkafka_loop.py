"""The bare loop on librdkafka: consume 5,000, produce each, flush, commit."""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, Producer

from bench.broker import client_options
from casebus.events.stamps import POSITION
from casebus.settings import Settings


def run(source: str, target: str) -> None:
    options = client_options(Settings())
    consumer = Consumer(
        {
            **options,
            "group.id": "bench-librdkafka",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer(
        {
            **options,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    consumer.subscribe([source])
    while True:
        messages = consumer.consume(5000, timeout=0.2)
        for message in messages:
            place = f"1/{message.partition()}/{message.offset()}".encode()
            producer.produce(
                target,
                message.value(),
                message.key(),
                headers=[*message.headers(), (POSITION, place)],
            )
        if messages:
            producer.flush()
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    run(*sys.argv[1:])

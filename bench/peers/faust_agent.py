"""Plain Faust: one agent over single events, `topic.send` for each. `python -m bench.peers...`.

With acks=all; Faust's own producer is idempotent in transactions only.
"""

from __future__ import annotations

import sys
import tempfile

import faust
import mode.loop

from casebus.events.stamps import POSITION
from casebus.settings import Settings


def build(source: str, target: str) -> faust.App:
    settings = Settings()
    app = faust.App(
        "bench-faust",
        broker=f"kafka://{settings.kafka_bootstrap}",
        broker_credentials=faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password,
            mechanism=settings.kafka_sasl_mechanism,
        ),
        broker_max_poll_records=4000,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        store="memory://",
        datadir=tempfile.mkdtemp(),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_recovery_delay=0.0,
    )
    out = app.topic(target, key_serializer="raw", value_serializer="raw")

    async def route(stream: faust.StreamT) -> None:
        async for event in stream.events():
            message = event.message
            place = f"1/{message.partition}/{message.offset}".encode()
            await out.send(
                key=message.key,
                value=message.value,
                headers=[*message.headers, (POSITION, place)],
            )

    app.agent(app.topic(source, key_serializer="raw", value_serializer="raw"))(route)
    return app


if __name__ == "__main__":
    mode.loop.use("uvloop")
    faust.Worker(build(*sys.argv[1:]), loglevel="ERROR", quiet=True).execute_from_commandline()

"""Heartbeats of the directory for a stack without its scheduler, as tests of single services are.

Admission judges by the directory, and pauses when it hears no heartbeat for five seconds (design
rule 9, the directory).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from casebus.events.topics import DIRECTORY
from casebus.later import later
from casebus.settings import Settings

# Most stacks have a scheduler, and no use for them.
if TYPE_CHECKING:
    import kafka

    from casebus.kafka import connection, directory
else:
    kafka = later("kafka")
    connection = later("casebus.kafka.connection")
    directory = later("casebus.kafka.directory")

SECONDS = 1.0


class Heartbeat(threading.Thread):
    """Sends the directory's end offset each second, as Kafka's admin."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="directory heartbeat", daemon=True)
        self._settings = settings
        self._stopped = threading.Event()

    def run(self) -> None:
        consumer = kafka.KafkaConsumer(**connection.consumer_settings(self._settings, None))
        producer = kafka.KafkaProducer(**connection.producer_settings(self._settings))
        place = kafka.TopicPartition(DIRECTORY, 0)
        while not self._stopped.wait(SECONDS):
            end = consumer.end_offsets([place])[place]
            producer.send(directory.HEARTBEAT_TOPIC, value=str(end).encode())
            producer.flush()
        producer.close()
        consumer.close()

    def stop(self) -> None:
        self._stopped.set()

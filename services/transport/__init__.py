"""The Kafka side of every worker: batches in, finished deliveries out, acks only after effects.

Owns how a worker reads, acks, produces and leaves; knows nothing of cases. A service hands it a
`Worker` and plain async handlers; `agent.run` runs them on Faust, `bare.run` on bare aiokafka. May
be imported by every service. Touches Faust with its mode, aiokafka, kafka-python, cramjam and
uvloop, and the events, settings and telemetry of casebus. No handler imports Faust or kafka-python.
"""

from __future__ import annotations

from services.transport.batch import (
    Batch,
    ConsumerRecord,
    Handler,
    Header,
    KnowsPartitions,
    Outgoing,
    TopicPartition,
)
from services.transport.producer import Producer
from services.transport.worker import Worker, WorkerSettings

__all__ = [
    "Batch",
    "ConsumerRecord",
    "Handler",
    "Header",
    "KnowsPartitions",
    "Outgoing",
    "Producer",
    "TopicPartition",
    "Worker",
    "WorkerSettings",
]

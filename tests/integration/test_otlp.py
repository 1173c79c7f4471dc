from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.integration.collector import Collector, collecting

_PROGRAM = """
from casebus import telemetry
telemetry.setup("admission", logs=False)
with telemetry.sending("events.police", message_id="e1"):
    headers = telemetry.hop([])
with telemetry.processing("events.police", group="admission", sources=[headers]):
    pass
telemetry.shutdown()
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def test_spans_and_metrics_leave_by_the_standard_environment(collector: Collector) -> None:
    env = {**os.environ, **collector.environment}
    subprocess.run([sys.executable, "-c", _PROGRAM], env=env, check=True)
    bodies = dict(collector.bodies)
    traces = ExportTraceServiceRequest.FromString(bodies["/v1/traces"])
    (resource,) = traces.resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert (names["service.namespace"], names["service.name"]) == ("casebus", "admission")
    send, process = resource.scope_spans[0].spans
    assert [link.span_id for link in process.links] == [send.span_id]
    metrics = ExportMetricsServiceRequest.FromString(bodies["/v1/metrics"])
    told = {m.name for m in metrics.resource_metrics[0].scope_metrics[0].metrics}
    assert {"messaging.client.sent.messages", "messaging.process.duration"} <= told


def test_a_disabled_sdk_exports_nothing(collector: Collector) -> None:
    given = {**collector.environment, "OTEL_SDK_DISABLED": "true"}
    program = _PROGRAM.replace("telemetry.shutdown()", "")
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **given}, check=True)
    assert collector.bodies == []

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

_GATEWAY = """
import asyncio, httpx
from casebus import telemetry
from casebus.settings import Settings
telemetry.setup("gateway", prometheus=True, logs=False)
from gateway.app import create_app
app = create_app(Settings(database_url="postgresql://127.0.0.1:1/none"))
async def ask():
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        for path in ("/v1/inbox/secret-a/secret-id", "/secret", "/v1/cases?number=secret"):
            await client.get(path, headers={"Authorization": "Bearer secret-key"})
asyncio.run(ask())
telemetry.shutdown()
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_disabled_sdk_exports_nothing(collector: Collector) -> None:
    given = {**collector.environment, "OTEL_SDK_DISABLED": "true"}
    program = _PROGRAM.replace("telemetry.shutdown()", "")
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **given}, check=True)
    assert collector.bodies == []


@pytest.mark.slow
def test_of_a_request_the_route_leaves_and_no_number_no_id_and_no_key(collector: Collector) -> None:
    env = {**os.environ, **collector.environment}
    subprocess.run([sys.executable, "-c", _GATEWAY], env=env, check=True)
    sent = b"".join(body for _, body in collector.bodies)
    assert b"/v1/inbox/{source}/{event_id}" in sent
    assert b"secret" not in sent

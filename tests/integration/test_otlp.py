from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_PROGRAM = """
from casebus import telemetry
telemetry.setup("admission", logs=False)
with telemetry.sending("events.police", message_id="e1"):
    headers = telemetry.hop([])
with telemetry.processing("events.police", group="admission", sources=[headers]):
    pass
telemetry.shutdown()
"""


class Collector(ThreadingHTTPServer):
    """An OTLP/HTTP endpoint that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        super().__init__(("127.0.0.1", 0), _Keep)


class _Keep(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") is None:
            self.server.bodies[self.path] = body
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_spans_and_metrics_leave_by_the_standard_environment(collector: Collector) -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}"}
    subprocess.run([sys.executable, "-c", _PROGRAM], env={**os.environ, **endpoint}, check=True)
    traces = ExportTraceServiceRequest.FromString(collector.bodies["/v1/traces"])
    (resource,) = traces.resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert (names["service.namespace"], names["service.name"]) == ("casebus", "admission")
    send, process = resource.scope_spans[0].spans
    assert [link.span_id for link in process.links] == [send.span_id]
    metrics = ExportMetricsServiceRequest.FromString(collector.bodies["/v1/metrics"])
    told = {m.name for m in metrics.resource_metrics[0].scope_metrics[0].metrics}
    assert {"messaging.client.sent.messages", "messaging.process.duration"} <= told


def test_a_disabled_sdk_exports_nothing(collector: Collector) -> None:
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_SDK_DISABLED": "true",
    }
    program = _PROGRAM.replace("telemetry.shutdown()", "")
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **given}, check=True)
    assert collector.bodies == {}

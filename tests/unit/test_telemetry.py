from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from casebus import telemetry
from casebus.telemetry import logs

_SPANS = InMemorySpanExporter()
_METRICS = InMemoryMetricReader()


@pytest.fixture(scope="module", autouse=True)
def _providers() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(_SPANS))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([_METRICS]))


@pytest.fixture
def spans() -> InMemorySpanExporter:
    _SPANS.clear()
    return _SPANS


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def measured() -> set[str]:
    data = _METRICS.get_metrics_data()
    assert data is not None
    return {m.name for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics}


def test_a_process_span_links_to_the_sends_it_came_from_and_is_not_their_child(
    spans: InMemorySpanExporter,
) -> None:
    with telemetry.sending("events.police", message_id="e1"):
        sent = telemetry.hop([("ce_id", b"e1")])
    with telemetry.processing("events.police", group="admission", partition=2, sources=[sent]):
        pass
    send, process = spans.get_finished_spans()
    assert [link.context.span_id for link in process.links] == [send.context.span_id]
    assert process.parent is None
    assert (send.name, send.kind) == ("send events.police", SpanKind.PRODUCER)
    assert (process.name, process.kind) == ("process events.police", SpanKind.CONSUMER)
    assert attributes(process)["messaging.destination.partition.id"] == "2"
    assert attributes(send)["messaging.message.id"] == "e1"


def test_a_hop_writes_one_traceparent_its_own() -> None:
    with telemetry.sending("case.journal"):
        headers = telemetry.hop(
            [("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"), ("ce_id", b"1")]
        )
    assert [name for name, _ in headers].count("traceparent") == 1
    assert dict(headers)["traceparent"] != b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"


def test_a_batch_links_once_to_each_distinct_send(spans: InMemorySpanExporter) -> None:
    with telemetry.sending("case.journal", count=3):
        sent = telemetry.hop([])
    broken = [("traceparent", b"\xff not a trace")]
    with telemetry.processing(
        "case.journal", group="router", count=4, sources=[sent] * 3 + [broken]
    ):
        pass
    process = spans.get_finished_spans()[-1]
    assert len(process.links) == 1
    assert attributes(process)["messaging.batch.message_count"] == 4


def test_an_error_is_told_by_type_and_never_by_its_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), telemetry.sending("events.bus"):
        raise ValueError("secret of a person")
    (span,) = spans.get_finished_spans()
    assert attributes(span)["error.type"] == "ValueError"
    assert not span.events
    assert not span.status.is_ok
    assert span.status.description is None


def test_no_old_attribute_names_leave_the_process(spans: InMemorySpanExporter) -> None:
    with telemetry.processing("case.journal", group="casework", partition=0, offset=7):
        pass
    names = set(attributes(spans.get_finished_spans()[0]))
    old = {
        "messaging.kafka.message.offset",
        "messaging.kafka.destination.partition",
        "messaging.kafka.consumer.group",
        "messaging.operation",
        "messaging.client_id",
    }
    assert not names & old
    assert {"messaging.kafka.offset", "messaging.consumer.group.name"} <= names


def test_the_conventional_metrics_are_measured() -> None:
    with telemetry.sending("events.court"):
        pass
    with telemetry.processing("events.court", group="admission"):
        pass
    telemetry.gauge("casebus.consumer.lag", lambda: {"case.journal": 3}, key="topic")
    assert {
        "messaging.client.operation.duration",
        "messaging.client.sent.messages",
        "messaging.client.consumed.messages",
        "messaging.process.duration",
        "casebus.consumer.lag",
    } <= measured()


def test_a_server_span_continues_the_callers_trace(spans: InMemorySpanExporter) -> None:
    parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    with telemetry.serving("GET", "/v1/cases/{id}", parent) as outcome:
        outcome["http.response.status_code"] = 404
        assert telemetry.trace_id() == "a" * 32
    (span,) = spans.get_finished_spans()
    assert span.kind is SpanKind.SERVER
    assert attributes(span)["http.response.status_code"] == 404


def line_of(**extra: object) -> str:
    stream = io.StringIO()
    logger = logging.getLogger("casebus.test.telemetry")
    logger.propagate = False
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines("admission"))
    logger.handlers[:] = [handler]
    people: dict[str, str] = {}
    try:
        people["张三 330106199001011234"]
    except KeyError:
        logger.exception("event rejected", extra=extra)
    return stream.getvalue()


def test_a_log_line_keeps_allowed_fields_only() -> None:
    line = line_of(event_id="e1", code="unsigned", person="张三", phone="13800000000")
    told = json.loads(line)
    assert told["event_id"] == "e1"
    assert told["code"] == "unsigned"
    assert told["level"] == "ERROR"
    assert told["service"] == "admission"
    assert "张三" not in line
    assert "1380000" not in line


def test_a_logged_exception_says_type_and_frames_not_its_text() -> None:
    told = json.loads(line_of())
    assert told["exc_info"].startswith("KeyError < test_telemetry.py:")
    assert "330106" not in told["exc_info"]


def test_import_loads_no_opentelemetry_where_no_endpoint_is_set() -> None:
    program = (
        "import sys; from casebus import telemetry; telemetry.setup('x', logs=False);"
        "telemetry.hop([]); telemetry.count('a');"
        "sys.exit(any(m.startswith('opentelemetry') for m in sys.modules))"
    )
    env = {"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run([sys.executable, "-c", program], env=env, check=False).returncode == 0

"""Spans of a hop: send and process on Kafka, serve on HTTP, and the header that joins them.

Names and attributes are those of OpenTelemetry's messaging conventions 1.44 (the `messaging`
opt-in): `send <topic>` is a PRODUCER, `process <topic>` a CONSUMER that *links* to the sends it
came from instead of being their child, because one batch has many.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casebus.later import later
from casebus.telemetry import metrics

# They cost 100 ms, which only a process pays that records spans.
if TYPE_CHECKING:
    from opentelemetry import propagate, trace
else:
    propagate = later("opentelemetry.propagate")
    trace = later("opentelemetry.trace")

Header = tuple[str, bytes]
#: The SDK keeps this many links a span; more would be dropped silently.
MAX_LINKS = 128
_CONTEXT_HEADERS = frozenset({"traceparent", "tracestate"})


def tracer() -> trace.Tracer | None:
    """The tracer where something in this process records spans, else none.

    An agency's own program may have set OpenTelemetry up itself: its SDK is then loaded already,
    and our spans join its traces.
    """
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    return trace.get_tracer("casebus", schema_url="https://opentelemetry.io/schemas/1.44.0")


def trace_id() -> str | None:
    """The running trace's id in hex, for logs and problems; none where nothing is traced."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def hop(headers: Sequence[Header]) -> list[Header]:
    """The headers of a record to send, with exactly one `traceparent`: the running span's.

    If nothing is traced, they are left alone, so that a trace passes through unchanged.
    """
    if tracer() is None:
        return list(headers)
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    if "traceparent" not in carrier:
        return list(headers)
    ours = [(name, carrier[name].encode()) for name in sorted(_CONTEXT_HEADERS & carrier.keys())]
    return [header for header in headers if header[0] not in _CONTEXT_HEADERS] + ours


@contextmanager
def sending(
    topic: str, *, count: int = 1, message_id: str | None = None, client: str | None = None
) -> Iterator[None]:
    """A send of `count` records to `topic`, over when the broker has acknowledged them all."""
    names = _names(topic, "send", "send", count)
    with _measured("messaging.client.operation.duration", names) as outcome:
        attributes = {**names, "messaging.message.id": message_id, "messaging.client.id": client}
        with _span(f"send {topic}", "PRODUCER", attributes, ()):
            yield
    metrics.count("messaging.client.sent.messages", count, {**_plain(names), **outcome})


@contextmanager
def processing(
    topic: str,
    *,
    group: str,
    partition: int | None = None,
    offset: int | None = None,
    count: int = 1,
    sources: Iterable[Sequence[Header]] = (),
) -> Iterator[None]:
    """The handling of `count` records of `topic`; `sources` are the headers they came with."""
    names = _names(topic, "process", "process", count) | {
        "messaging.consumer.group.name": group,
        "messaging.destination.partition.id": None if partition is None else str(partition),
    }
    metrics.count("messaging.client.consumed.messages", count, _plain(names))
    with _measured("messaging.process.duration", names):
        attributes = {**names, "messaging.kafka.offset": offset if count == 1 else None}
        with _span(f"process {topic}", "CONSUMER", attributes, sources):
            yield


@contextmanager
def serving(method: str, route: str, traceparent: str | None) -> Iterator[dict[str, Any]]:
    """An HTTP request on the server; the caller puts `http.response.status_code` into the dict."""
    outcome: dict[str, Any] = {}
    names = {"http.request.method": method, "http.route": route}
    started = time.perf_counter()
    with _span(f"{method} {route}", "SERVER", names, (), parent=traceparent) as attributes:
        try:
            yield outcome
        finally:
            attributes.update(outcome)
    metrics.duration(
        "http.server.request.duration", time.perf_counter() - started, {**names, **outcome}
    )


def _names(topic: str, name: str, kind: str, count: int) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": topic,
        "messaging.batch.message_count": count if count > 1 else None,
    }


def _plain(names: dict[str, Any]) -> dict[str, Any]:
    """Attributes fit for a metric: none of unbounded cardinality, none missing."""
    return {
        name: value
        for name, value in names.items()
        if value is not None and name != "messaging.batch.message_count"
    }


@contextmanager
def _measured(name: str, names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    outcome: dict[str, Any] = {}
    started = time.perf_counter()
    try:
        yield outcome
    except BaseException as error:
        outcome["error.type"] = type(error).__qualname__
        raise
    finally:
        metrics.duration(name, time.perf_counter() - started, {**_plain(names), **outcome})


@contextmanager
def _span(
    name: str,
    kind: str,
    attributes: dict[str, Any],
    sources: Iterable[Sequence[Header]],
    parent: str | None = None,
) -> Iterator[dict[str, Any]]:
    """One span; the entries of the dict that it gives are set on the span at its end."""
    late: dict[str, Any] = {}
    if (active := tracer()) is None:
        yield late
        return
    context = propagate.extract({"traceparent": parent}) if parent else None
    with active.start_as_current_span(
        name,
        context=context,
        kind=trace.SpanKind[kind],
        attributes={key: value for key, value in attributes.items() if value is not None},
        links=_links(sources),
        # The text of an exception may quote a case: only its type is kept.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield late
        except BaseException as error:
            late["error.type"] = type(error).__qualname__
            span.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            span.set_attributes(late)


def _links(sources: Iterable[Sequence[Header]]) -> list[trace.Link]:
    """One link a distinct incoming span, as many as the SDK keeps."""
    seen: dict[bytes, trace.Link] = {}
    for headers in sources:
        value = next((value for name, value in headers if name == "traceparent"), None)
        if value is None or value in seen:
            continue
        incoming = propagate.extract({"traceparent": value.decode("ascii", "replace")})
        context = trace.get_current_span(incoming).get_span_context()
        if context.is_valid:
            seen[value] = trace.Link(context)
        if len(seen) == MAX_LINKS:
            break
    return list(seen.values())

"""Traces, metrics and logs of every process of the bus, wired once by `setup`.

Owns the names on the wire (current messaging conventions of OpenTelemetry) and the rule that one
hop writes one `traceparent`. May be used by the SDK, the CLI, storage, services, gateway and
onebox; never by a pure floor. OpenTelemetry itself is loaded only where it is switched on, so that
a process without an endpoint pays nothing. Touches no other room, with OpenTelemetry and
python-json-logger.
"""

from __future__ import annotations

from casebus.telemetry.metrics import count, duration, gauge
from casebus.telemetry.spans import hop, processing, sending, serving, trace_id
from casebus.telemetry.wiring import exporting, setup, shutdown

__all__ = [
    "count",
    "duration",
    "exporting",
    "gauge",
    "hop",
    "processing",
    "sending",
    "serving",
    "setup",
    "shutdown",
    "trace_id",
]

"""Switching telemetry on: once a process, by the standard OTEL environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from casebus.later import later

if TYPE_CHECKING:
    from importlib import metadata

    from opentelemetry import metrics, trace
    from opentelemetry.exporter import prometheus as prometheus_page
    from opentelemetry.exporter.otlp.proto.http import metric_exporter, trace_exporter
    from opentelemetry.sdk import metrics as sdk_metrics
    from opentelemetry.sdk import resources
    from opentelemetry.sdk import trace as sdk_trace
    from opentelemetry.sdk.metrics import export as metrics_export
    from opentelemetry.sdk.trace import export as trace_export

    from casebus.telemetry import logs as json_logs
else:
    metadata = later("importlib.metadata")
    metrics = later("opentelemetry.metrics")
    trace = later("opentelemetry.trace")
    prometheus_page = later("opentelemetry.exporter.prometheus")
    metric_exporter = later("opentelemetry.exporter.otlp.proto.http.metric_exporter")
    trace_exporter = later("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    sdk_metrics = later("opentelemetry.sdk.metrics")
    resources = later("opentelemetry.sdk.resources")
    sdk_trace = later("opentelemetry.sdk.trace")
    metrics_export = later("opentelemetry.sdk.metrics.export")
    trace_export = later("opentelemetry.sdk.trace.export")
    json_logs = later("casebus.telemetry.logs")

_wired: list[str] = []


def exporting(signal: str) -> bool:
    """True if an OTLP endpoint is set for `signal` ("traces" or "metrics")."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    return any(os.environ.get(name) for name in names)


def setup(service_name: str, *, prometheus: bool = False, logs: bool = True) -> None:
    """Wire logs, traces and metrics of this process; a second call does nothing.

    `prometheus` keeps metrics for a `/metrics` page too, without any endpoint. Needs the `server`
    extra; `logs=False` leaves the caller's logging as it is.
    """
    if _wired:
        return
    _wired.append(service_name)
    if logs:
        json_logs.setup(service_name)
    if exporting("traces"):
        _trace(service_name)
    if prometheus or exporting("metrics"):
        _measure(service_name, prometheus=prometheus)


def shutdown() -> None:
    """Flush everything that is unsent."""
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        if (stop := getattr(provider, "shutdown", None)) is not None:
            stop()


def _resource(service_name: str) -> resources.Resource:
    return resources.Resource.create(
        {
            "service.namespace": "casebus",
            "service.name": service_name,
            "service.version": metadata.version("casebus"),
            "service.instance.id": f"{service_name}-{os.getpid()}",
        }
    )


def _trace(service_name: str) -> None:
    provider = sdk_trace.TracerProvider(resource=_resource(service_name))
    sending = trace_export.BatchSpanProcessor(trace_exporter.OTLPSpanExporter())
    provider.add_span_processor(sending)
    trace.set_tracer_provider(provider)


def _measure(service_name: str, *, prometheus: bool) -> None:
    readers: list[metrics_export.MetricReader] = []
    if prometheus:
        readers.append(prometheus_page.PrometheusMetricReader())
    if exporting("metrics"):
        exporter = metric_exporter.OTLPMetricExporter()
        readers.append(metrics_export.PeriodicExportingMetricReader(exporter))
    provider = sdk_metrics.MeterProvider(readers, resource=_resource(service_name))
    metrics.set_meter_provider(provider)

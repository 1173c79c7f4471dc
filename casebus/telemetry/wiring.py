"""Switching telemetry on: once a process, by the standard OTEL environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource

_wired: list[str] = []


def exporting(signal: str) -> bool:
    """Whether an OTLP endpoint is set for `signal` ("traces" or "metrics")."""
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
        from casebus.telemetry import logs as json_logs  # noqa: PLC0415

        json_logs.setup(service_name)
    if exporting("traces"):
        _trace(service_name)
    if prometheus or exporting("metrics"):
        _measure(service_name, prometheus=prometheus)


def shutdown() -> None:
    """Flush what is still unsent."""
    from opentelemetry import metrics, trace  # noqa: PLC0415

    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        if (stop := getattr(provider, "shutdown", None)) is not None:
            stop()


def _resource(service_name: str) -> Resource:
    from importlib.metadata import version  # noqa: PLC0415

    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415

    return Resource.create(
        {
            "service.namespace": "casebus",
            "service.name": service_name,
            "service.version": version("casebus"),
            "service.instance.id": f"{service_name}-{os.getpid()}",
        }
    )


def _trace(service_name: str) -> None:
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=_resource(service_name))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _measure(service_name: str, *, prometheus: bool) -> None:
    from opentelemetry import metrics  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415

    readers: list[MetricReader] = []
    if prometheus:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415

        readers.append(PrometheusMetricReader())
    if exporting("metrics"):
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
            OTLPMetricExporter,
        )
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
            PeriodicExportingMetricReader,
        )

        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
    metrics.set_meter_provider(MeterProvider(readers, resource=_resource(service_name)))

"""Counters, durations and gauges by name; silent where no metrics are switched on.

Instruments are made on first use. Units are those of the conventions: seconds for a duration,
`{message}` for a count of records.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from casebus.later import later

# Paid only where metrics are switched on.
if TYPE_CHECKING:
    from opentelemetry import metrics
else:
    metrics = later("opentelemetry.metrics")

Attributes = Mapping[str, Any]
#: Bucket bounds in seconds that the messaging and HTTP conventions advise.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


def count(name: str, amount: int = 1, attributes: Attributes | None = None) -> None:
    if _on():
        _counter(name).add(amount, attributes)


def duration(name: str, seconds: float, attributes: Attributes | None = None) -> None:
    if _on():
        _histogram(name).record(seconds, attributes)


def gauge(name: str, read: Callable[[], Mapping[str, float]], *, key: str, unit: str = "1") -> None:
    """Observe `read()` at each collection: label value (under the label `key`) to figure.

    Called once a name, after `setup`; `read` runs on the collector's thread and must not block.
    """
    if not _on():
        return

    def observed(_: metrics.CallbackOptions) -> list[metrics.Observation]:
        return [metrics.Observation(value, {key: label}) for label, value in read().items()]

    _meter().create_observable_gauge(name, callbacks=[observed], unit=unit)


def _on() -> bool:
    return "opentelemetry.sdk.metrics" in sys.modules


def _meter() -> metrics.Meter:
    return metrics.get_meter("casebus", schema_url="https://opentelemetry.io/schemas/1.44.0")


@lru_cache
def _counter(name: str) -> metrics.Counter:
    return _meter().create_counter(name, unit="{message}" if "messages" in name else "1")


@lru_cache
def _histogram(name: str) -> metrics.Histogram:
    return _meter().create_histogram(
        name, unit="s", explicit_bucket_boundaries_advisory=list(BOUNDS)
    )

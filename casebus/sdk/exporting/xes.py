"""XES, IEEE 1849-2016: one trace for each case, one event for each step, in the case's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO
from xml.sax.saxutils import quoteattr

from casebus.sdk.exporting.steps import LoggedStep, attributes
from casebus.sdk.gateway import JSON
from casebus.spreadsheets import NOT_XML

_EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
)


def write(cases: Iterable[tuple[JSON, list[LoggedStep]]], out: TextIO) -> tuple[int, int]:
    """Write the log, holding one case at a time; returns the numbers of cases and events."""
    counted = [0, 0]
    out.writelines(_head())
    for case, steps in cases:
        out.writelines(_trace(case, steps))
        counted[0] += 1
        counted[1] += len(steps)
    out.write("</log>\n")
    return counted[0], counted[1]


def _head() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for name, prefix, uri in _EXTENSIONS:
        yield _empty("extension", name=name, prefix=prefix, uri=uri)
    yield '<global scope="trace">\n'
    yield _empty("string", key="concept:name", value="UNKNOWN")
    yield '</global>\n<global scope="event">\n'
    yield _empty("string", key="concept:name", value="UNKNOWN")
    yield _empty("string", key="org:resource", value="UNKNOWN")
    yield _empty("date", key="time:timestamp", value="1970-01-01T00:00:00+00:00")
    yield "</global>\n"
    yield _empty("classifier", name="Activity", keys="concept:name")
    yield _empty("classifier", name="Agency", keys="org:resource")
    yield _said("concept:name", "casebus")


def _trace(case: JSON, steps: list[LoggedStep]) -> Iterator[str]:
    yield "<trace>\n"
    yield _said("concept:name", case["id"])
    for name in ("procedure", "status", "title", "opener"):
        yield _said(f"casebus.{name}", case.get(name) or "")
    yield _said("casebus.numbers", " ".join(one["value"] for one in case.get("numbers") or ()))
    for step in steps:
        yield from _event(step)
    yield "</trace>\n"


def _event(step: LoggedStep) -> Iterator[str]:
    yield "<event>\n"
    yield _said("concept:name", step.name)
    yield _said("lifecycle:transition", step.transition)
    yield _said("org:resource", step.resource)
    yield _said("org:group", step.author)
    yield _empty("date", key="time:timestamp", value=step.at.isoformat())
    for name, value in attributes(step):
        yield _said(name, value)
    yield "</event>\n"


def _said(key: str, value: str | bool) -> str:
    """An attribute; an empty text is left out."""
    if isinstance(value, bool):
        return _empty("boolean", key=key, value=str(value).lower())
    return _empty("string", key=key, value=value) if value else ""


def _empty(element: str, **said: str) -> str:
    texts = (f"{name}={quoteattr(NOT_XML.sub(chr(0xFFFD), text))}" for name, text in said.items())
    return f"<{element} {' '.join(texts)}/>\n"

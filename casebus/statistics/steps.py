"""The statutory steps that can be timed: per clock, which events start it and which stop it."""

from __future__ import annotations

from dataclasses import dataclass

from casebus.law import Law
from casebus.law.compiled import ClockRule, Conditions


@dataclass(frozen=True, slots=True)
class TimedStep:
    """One clock of the law; `when` and `unless` are conditions on the trigger's body."""

    clock: str
    title: str
    title_en: str
    citation: str
    starts: tuple[str, ...]
    #: Start it if none of `starts` came before.
    ensures: tuple[str, ...]
    stops: tuple[str, ...]
    when: dict[str, list[str]]
    unless: dict[str, list[str]]


def steps_of(law: Law) -> list[TimedStep]:
    """Every clock that some event starts and some event stops."""
    starts: dict[str, set[str]] = {}
    ensures: dict[str, set[str]] = {}
    stops: dict[str, set[str]] = {}
    for procedure in law.procedures.values():
        for versions in (*procedure.steps.values(), *procedure.otherwise.values()):
            for step in versions:
                for rules in step.starts:
                    starts.setdefault(rules[0].id, set()).add(step.event)
                for rules in step.ensures:
                    ensures.setdefault(rules[0].id, set()).add(step.event)
                for clock in step.stops:
                    stops.setdefault(clock, set()).add(step.event)
    return [
        _step(law.clocks[clock][-1], starts.get(clock, set()), ensures.get(clock, set()), ended)
        for clock, ended in sorted(stops.items())
        if clock in starts or clock in ensures
    ]


def _step(rule: ClockRule, starts: set[str], ensures: set[str], stops: set[str]) -> TimedStep:
    return TimedStep(
        clock=rule.id,
        title=rule.title,
        title_en=rule.title_en,
        citation=rule.citation,
        starts=tuple(sorted(starts)),
        ensures=tuple(sorted(ensures - starts)),
        stops=tuple(sorted(stops)),
        when=_simple(rule.when),
        unless=_simple(rule.unless),
    )


def _simple(conditions: Conditions) -> dict[str, list[str]]:
    """Conditions on a field of the body itself; facts do not have what lies deeper."""
    return {
        path[0]: sorted({_text(value) for value in values})
        for path, values in conditions
        if len(path) == 1
    }


def _text(value: str | None) -> str:
    """As a fact has it: its words do not include false or missing values."""
    return "" if value in {None, "false"} else str(value)

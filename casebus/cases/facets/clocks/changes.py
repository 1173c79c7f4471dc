"""Events that name a clock and change it: paused, resumed, extended, cause recorded."""

from __future__ import annotations

from collections.abc import Callable

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.clocks.running import NOT_PAUSABLE, RunningClock
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.reporting import DATA_QUALITY, NO_STANDING

_NO_SUCH_CLOCK = "no_such_clock"


def _pause(draft: RunningClock, event: CaseEvent) -> str:
    """Pause a clock if a legal text lets it stand still. Nobody moves its own deadline."""
    return draft.pause(event) if draft.rule.pausable else NOT_PAUSABLE


def _record_cause(draft: RunningClock, event: CaseEvent) -> str:
    draft.cause = body.text(event.data, "cause")
    return ""


#: Event name -> its effect on the clock; the function returns the reason if it has none.
MOVES: dict[str, Callable[[RunningClock, CaseEvent], str]] = {
    "clock.paused": _pause,
    "clock.resumed": RunningClock.resume,
    "clock.extended": RunningClock.extend,
    "clock.cause_recorded": _record_cause,
}


def move(event: CaseEvent, name: str, clocks: Clocks, findings: Findings) -> None:
    """Move the clocks that the event names, in the regions in which its author has a role."""
    clock = body.text(event.data, "clock")
    meant = clocks.of(clock)
    if not meant:
        _flag(event, _NO_SUCH_CLOCK, clock, findings)
        return
    own = [one for one in meant if one.region.has_part(event.agency)]
    if not own:
        detail = {"agency": event.agency, "event": name, "clock": clock}
        findings.add(NO_STANDING, event, detail, tell=[event.agency, *event.to])
    for one in own:
        reason = MOVES[name](one, event)
        if reason:
            _flag(event, reason, clock, findings)


def _flag(event: CaseEvent, reason: str, clock: str, findings: Findings) -> None:
    detail = {"reason": reason, "clock": clock}
    findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about=clock)

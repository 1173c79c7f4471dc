"""The acts of a storyline's officers on work items, the same in rehearsal and on a stack."""

from __future__ import annotations

from datetime import timedelta

from casebus.events.types import WORK_TAKEN, event_name
from rehearsal.scenario.storyline import StorylineStep

TAKEN = event_name(WORK_TAKEN)
#: Taking a work item and acting on it are two moments.
READING = timedelta(minutes=-5)


def actor_of(step: StorylineStep, agency: str) -> str:
    """The pseudonym of the officer in the play."""
    return step.actor or f"{agency.rpartition('-')[2]}-officer-01"

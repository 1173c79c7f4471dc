"""Names of event types: those that code in several modules speaks of, and their forms.

A type is `casebus.<domain>.<event>.v<n>`; the law and people call it `<domain>.<event>`. What only
the law, a schema or a single module names stands there alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

CASE_COPY_DUE = "casebus.case.copy_due.v1"
CASE_CORRECTED = "casebus.case.corrected.v1"
CASE_NOTED = "casebus.case.noted.v1"
CASE_RECALLED = "casebus.case.recalled.v1"
CASE_REINTERPRETED = "casebus.case.reinterpreted.v1"
CLOCK_BREACHED = "casebus.clock.breached.v1"
CLOCK_BREACH_WITHDRAWN = "casebus.clock.breach_withdrawn.v1"
CLOCK_LAPSED = "casebus.clock.lapsed.v1"
CLOCK_LAPSE_WITHDRAWN = "casebus.clock.lapse_withdrawn.v1"
CLOCK_WARNED = "casebus.clock.warned.v1"
FINDING_RAISED = "casebus.finding.raised.v1"
FINDING_WITHDRAWN = "casebus.finding.withdrawn.v1"
IMPORT_CLOSED = "casebus.import.closed.v1"
IMPORT_OPENED = "casebus.import.opened.v1"
INTAKE_ERASED = "casebus.intake.erased.v1"
INTAKE_OPENED = "casebus.intake.opened.v1"
INTAKE_RECEIVED = "casebus.intake.received.v1"
LAW_ADOPTED = "casebus.law.adopted.v1"
LAW_ADOPTION_VOIDED = "casebus.law.adoption_voided.v1"
PRIOR_SANCTIONS_FOUND = "casebus.prior_sanctions.found.v1"
PROCEEDING_STEP_RECORDED = "casebus.proceeding.step_recorded.v1"
REFERRAL_RECEIPTED = "casebus.referral.receipted.v1"
REFERRAL_SENT = "casebus.referral.sent.v1"
RELAY_CHECKPOINT = "casebus.relay.checkpoint.v1"
WORK_TAKEN = "casebus.work.taken.v1"

_BUS = "casebus."


@lru_cache(maxsize=4096)
def event_name(ce_type: str) -> str:
    """`referral.sent` for `casebus.referral.sent.v1`; a name of another form stays as it is."""
    between = ce_type.split(".")[1:-1]
    return ".".join(between) if between else ce_type


def in_full(name: str) -> str:
    """`casebus.referral.sent.v1` for `referral.sent`; a full type stays as it is."""
    return name if name.startswith(_BUS) else f"{_BUS}{name}.v1"


def all_of(domain: str) -> str:
    """How every type of a domain begins: `casebus.intake.`."""
    return f"{_BUS}{domain}."


def any_version(ce_type: str) -> str:
    """How every version of a type begins: `casebus.case.corrected.`."""
    return re.sub(r"v\d+$", "", ce_type)

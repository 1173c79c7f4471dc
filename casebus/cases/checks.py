"""Checks that a transition names in the law: each compares the bodies of two events."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.cases.reporting import DATA_QUALITY, DISCREPANCY, OUT_OF_PROCEDURE, Reports

#: Event name -> the last folded event of that name.
Last = Mapping[str, CaseEvent]
Roles = Mapping[str, tuple[str, ...]]
Check = Callable[[CaseEvent, Last, Roles, Reports], None]

HANDED_OVER = "referral.goods_handed_over"
_Goods = dict[tuple[str, str], int]


def handover_counts(event: CaseEvent, last: Last, roles: Roles, findings: Reports) -> None:
    """Compares the received goods with the listed ones, item by item. A difference is a finding.

    An item that nobody counted yet is no difference.
    """
    handed = last.get(HANDED_OVER)
    listed = _counts(handed or event, "listed")
    received = _counts(event, "received")
    parties = [event.agency, *([handed.agency] if handed else []), *roles.get("procuratorate", ())]
    for item in dict.fromkeys((*listed, *received)):
        if item not in received or received[item] == listed.get(item, 0):
            continue
        name, unit = item
        detail = {
            "item": name,
            "unit": unit,
            "listed": str(listed.get(item, 0)),
            "received": str(received[item]),
            "difference": str(received[item] - listed.get(item, 0)),
            **({} if handed else {"reason": "not_handed_over"}),
        }
        findings.add(
            DISCREPANCY,
            event,
            detail,
            tell=parties,
            about=f"{name}\x1f{unit}",
            quotes=handed is not None and findings.is_recalled(handed),
        )


def too_late(event: CaseEvent, _last: Last, _roles: Roles, findings: Reports) -> None:
    """The right that the event uses has lapsed in this state, so its deciding agency is told."""
    detail = {"reason": "too_late", "event": event.name}
    findings.add(OUT_OF_PROCEDURE, event, detail, tell=[event.agency, *event.to], about="too_late")


def redaction_checked(event: CaseEvent, _last: Last, _roles: Roles, findings: Reports) -> None:
    """A document was published before anyone checked its redaction of names and secrets (脱敏)."""
    if event.data.get("redaction_checked") is not True:
        detail = {"reason": "redaction_unchecked", "event": event.name}
        findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about="redaction")


def _counts(event: CaseEvent, which: str) -> _Goods:
    """(name, unit) -> quantity; lines of one item are added up, uncounted ones left out."""
    totals: _Goods = {}
    for row in body.rows(event.data, "goods"):
        quantity = body.count(row, which)
        if quantity is not None:
            item = (body.text(row, "name"), body.text(row, "unit"))
            totals[item] = totals.get(item, 0) + quantity
    return totals


CHECKS: dict[str, Check] = {
    "handover_counts": handover_counts,
    "redaction_checked": redaction_checked,
    "too_late": too_late,
}

"""Short hands for writing events of one case in tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from casebus.cases import Case, CaseEvent, fold
from casebus.events.legaltime import CHINA, LegalTime
from casebus.events.types import event_name
from casebus.law import Law, acts, loader

ROOT = Path(__file__).parents[1]
#: The shipped law without the required contents of acts: the bodies here are as bare as possible.
FILES = {
    name: text
    for name, text in loader.read(ROOT / "policies/law").items()
    if not acts.is_part(name)
}
LAW = Law(FILES)

STREAM = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
AMR, PSB, PRO, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro", "cn-330106-court"
OTHER_PSB = "cn-330108-psb"
SECTORS = {
    "amr": "administrative",
    "psb": "police",
    "pro": "procuratorate",
    "court": "court",
    "ipcourt": "court",
    "arb": "arbitration",
    "med": "mediation",
    "not": "notary",
    "exa": "examination",
    "cen": "centre",
    "fair": "centre",
    "cus": "customs",
    "asb": "police",
    "a": "platform",
    "b": "platform",
    "sup": "supervision",
    "bus": "bus",
}


def sector_of(agency: str) -> str:
    return SECTORS[agency.partition("/")[0].rpartition("-")[2]]


def event(
    source: str,
    name: str,
    at: str,
    *,
    id: str | None = None,
    to: tuple[str, ...] = (),
    position: int | None = None,
    recorded_at: str | None = None,
    sequence: int | None = None,
    causation: tuple[str, ...] = (),
    imported: bool = False,
    flags: tuple[str, ...] = (),
    **data: Any,
) -> CaseEvent:
    """An event at `2026-03-02` or `2026-03-02 15:00`, journaled as soon as it happened."""
    legal = legal_time(at)
    recorded = legal.moment() if recorded_at is None else legal_time(recorded_at).moment()
    if position is None:
        position = round(recorded.timestamp())
    return CaseEvent(
        stream=STREAM,
        source=source,
        id=id or name,
        type=f"casebus.{name}.v1",
        legal=legal,
        sequence=sequence,
        causation=causation,
        recorded_at=recorded,
        position=(1, 0, position),
        sector=sector_of(source),
        to=to,
        to_sectors=tuple(sector_of(one) for one in to),
        imported=imported,
        data=data,
        flags=flags,
    )


def legal_time(at: str) -> LegalTime:
    day, _, time = at.partition(" ")
    return LegalTime(dt.date.fromisoformat(day), dt.time.fromisoformat(time) if time else None)


def storyline() -> list[CaseEvent]:
    """Storyline 1: a raid, a refusal to file, supervision, filing, a judgment."""
    goods = {"name": "手提包", "unit": "只", "listed": 1200}
    return [
        event(AMR, "referral.proposed", "2026-03-02"),
        event(AMR, "referral.approved", "2026-03-04 15:00"),
        event(AMR, "referral.sent", "2026-03-05 09:00", to=(PSB, PRO)),
        event(PSB, "referral.receipted", "2026-03-06", to=(AMR,)),
        event(PSB, "referral.accepted", "2026-03-07 09:00", to=(AMR,)),
        event(PSB, "referral.supplement_requested", "2026-03-07 16:00", to=(AMR,)),
        event(AMR, "referral.supplemented", "2026-03-09", to=(PSB,)),
        event(PSB, "referral.filing_refused", "2026-03-09 17:00", to=(AMR,)),
        event(AMR, "referral.reconsideration_requested", "2026-03-12", to=(PSB,)),
        event(PSB, "referral.refusal_upheld", "2026-03-16", to=(AMR,)),
        event(AMR, "referral.supervision_requested", "2026-03-18", to=(PRO,)),
        event(PRO, "referral.explanation_demanded", "2026-03-20", to=(PSB,)),
        event(PSB, "referral.explanation_given", "2026-03-27", to=(PRO,)),
        event(PRO, "referral.filing_ordered", "2026-04-01", to=(PSB, AMR)),
        event(PSB, "referral.filed", "2026-04-10", to=(AMR, PRO)),
        event(AMR, "referral.goods_handed_over", "2026-04-15 10:00", to=(PSB,), goods=[goods]),
        event(
            PSB,
            "referral.goods_received",
            "2026-04-15 16:00",
            to=(AMR,),
            goods=[{**goods, "received": 1196}],
        ),
        event(PSB, "referral.prosecution_requested", "2026-06-15", to=(PRO,)),
        event(PRO, "referral.indicted", "2026-07-10", to=(COURT,)),
        event(COURT, "referral.trial_opened", "2026-07-20", to=(PRO,)),
        event(COURT, "referral.judged", "2026-09-01", to=(PRO,)),
        event(COURT, "referral.finalised", "2026-09-14", to=(PRO, AMR)),
        event(COURT, "referral.fine_offset", "2026-09-20", to=(AMR,)),
    ]


def until(name: str) -> list[CaseEvent]:
    """The storyline up to its event of this name."""
    whole = storyline()
    at = next(at for at, one in enumerate(whole) if one.type == f"casebus.{name}.v1")
    return whole[: at + 1]


def folded(events: list[CaseEvent]) -> Case:
    return fold(events, LAW)


def clock(case: Case, clock_id: str) -> Any:
    [found] = [one for one in case.clocks if one.id == clock_id]
    return found


def may_open(one: CaseEvent) -> bool:
    """True if it opens a case that nothing has opened before."""
    procedure = LAW.opening.get(event_name(one.type))
    return procedure is not None and one.sector in procedure.roles[procedure.opener]


def kinds(case: Case) -> list[str]:
    return [one.kind for one in case.findings]


def the_clock(case: Case, clock_id: str) -> Any:
    """The clock of this id that started last."""
    return [one for one in case.clocks if one.id == clock_id][-1]


def due(found: Any) -> str:
    """The last day of a period of days."""
    end = found.due.astimezone(CHINA)
    assert end.time() == dt.time(23, 59, 59)
    return str(end.date())


def region(case: Case, procedure: str) -> Any:
    [found] = [one for one in case.regions if one.procedure == procedure]
    return found


def status_of(case: Case, procedure: str) -> str:
    return str(region(case, procedure).status)


def lapse(
    clock_id: str, trigger: tuple[str, str], at: str, *, to: tuple[str, ...] = ()
) -> CaseEvent:
    """The bus says at its last moment that the clock ran out which that event started."""
    source, trigger_id = trigger
    return event(
        "bus",
        "clock.lapsed",
        at,
        id=f"lapse_{clock_id}",
        to=to,
        clock=clock_id,
        trigger_source=source,
        trigger_id=trigger_id,
    )

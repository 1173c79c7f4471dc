"""How verdicts compare, and what is made of one that is claimed, alleged or open."""

from __future__ import annotations

from dataclasses import replace

from casebus.law.assessment import RANK, Assessment, Verdict
from casebus.law.items import SEVERAL


def weight(found: Assessment) -> tuple[int, int]:
    return RANK[found.verdict], found.tier


def as_claimed(found: Assessment, claim: Verdict) -> Assessment:
    return replace(
        found,
        verdict=claim,
        rule=found.rule or "claimed",
        steps=(*found.steps, f"以签名单位的判断为准：{claim}"),
        steps_en=(*found.steps_en, f"as assessed and signed by its author: {claim}"),
    )


def as_open(found: Assessment) -> Assessment:
    if found.verdict is not Verdict.MUST_TRANSFER:
        return found
    verdict = Verdict.TRANSFER_ON_SUSPICION
    return replace(
        found,
        verdict=verdict,
        unknown=(SEVERAL,),
        steps=(*found.steps, f"其他案件的行为未列明罪名：{verdict}"),
        steps_en=(*found.steps_en, f"acts of other cases name no offence: {verdict}"),
    )


def as_alleged(found: Assessment) -> Assessment:
    verdict = Verdict.TRANSFER_ON_SUSPICION
    return replace(
        found,
        verdict=verdict,
        steps=(*found.steps, f"数额仅为线索所称，尚未查证：{verdict}"),
        steps_en=(*found.steps_en, f"figures are only what a lead says: {verdict}"),
    )

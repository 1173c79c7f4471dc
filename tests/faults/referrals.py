"""Referrals as the front door gets them: ten events for each case, by two agencies of two sectors.

Only the first of each case names a recipient. Otherwise the answers of intakes would be most of a
run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from casebus.events.envelope import Envelope, Record
from casebus.events.legaltime import LegalTime
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from tests.world import SCHEMAS

AMR, PSB = "cn-330108-amr", "cn-330108-psb"
DOORS = {AMR: "events.administrative", PSB: "events.police"}
SIGNED_TOGETHER = 256

_NAMESPACE = UUID("4be0fd6c-8f5e-5d0e-8d0a-6f4f0f6f7a55")
_DAY = date(2026, 3, 2)
_GOODS = {"name": "袋装茶叶", "unit": "袋", "listed": 1200}
#: Author, event, days after the first, body.
_HISTORY: tuple[tuple[str, str, int, Mapping[str, Any]], ...] = (
    (AMR, "referral.sent", 0, {"title": "涉嫌销售假冒注册商标的商品"}),
    (PSB, "referral.receipted", 1, {}),
    (PSB, "referral.accepted", 2, {}),
    (PSB, "referral.supplement_requested", 3, {}),
    (AMR, "referral.supplemented", 4, {}),
    (PSB, "referral.filed", 6, {}),
    (AMR, "referral.goods_handed_over", 8, {"goods": [_GOODS]}),
    (PSB, "referral.goods_received", 8, {"goods": [{**_GOODS, "received": 1200}]}),
    (AMR, "case.noted", 9, {"note": "卷宗已归档"}),
    (PSB, "case.noted", 10, {"note": "已收到全部材料"}),
)
PER_CASE = len(_HISTORY)


def referrals(keys: Mapping[str, SigningKey], cases: int, *, run: str) -> dict[str, list[Record]]:
    """Signed events by the topic of their door; the steps of the cases of a run are mixed.

    `ce_sequence` counts within (source, stream), as the SDK does it.
    """
    drafts: dict[str, list[Draft]] = {AMR: [], PSB: []}
    for source, draft in _drafts(cases, run):
        drafts[source].append(draft)
    return {DOORS[source]: _signed(some, keys[source]) for source, some in drafts.items()}


def stream_of(run: str, case: int) -> str:
    return str(uuid5(_NAMESPACE, f"{run}/{case}"))


def _drafts(cases: int, run: str) -> Iterator[tuple[str, Draft]]:
    streams = [stream_of(run, case) for case in range(cases)]
    began = datetime.now(UTC) - timedelta(minutes=5)
    said: dict[str, int] = {}
    for step, (source, name, days, data) in enumerate(_HISTORY):
        said[source] = said.get(source, 0) + 1
        ce_type = f"casebus.{name}.v1"
        uri = SCHEMAS.latest(ce_type).uri
        for case, stream in enumerate(streams):
            number = {"kind": "letter_no", "value": f"杭滨市监移〔2026〕{run}-{case}号"}
            body = {**data, "numbers": [number]} if step == 0 else dict(data)
            envelope = Envelope(
                id=str(uuid5(_NAMESPACE, f"{run}/{case}/{step}")),
                type=ce_type,
                source=source,
                subject=stream,
                time=began,
                dataschema=uri,
                to=() if step else (PSB,),
                sequence=said[source],
                legaltime=LegalTime(_DAY + timedelta(days=days), None),
            )
            yield source, Draft(envelope, SCHEMAS.encode(ce_type, body))


def _signed(drafts: list[Draft], key: SigningKey) -> list[Record]:
    starts = range(0, len(drafts), SIGNED_TOGETHER)
    return [r for at in starts for r in sign(drafts[at : at + SIGNED_TOGETHER], key, SCHEMAS)]

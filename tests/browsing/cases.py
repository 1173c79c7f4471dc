"""The cases on the pages: storylines that are over, and referrals that wait."""

from __future__ import annotations

from datetime import timedelta

from casebus.events.legaltime import CHINA
from casebus.now import now_from
from onebox.testing import Stack
from rehearsal.scenario import storyline
from rehearsal.scenario.playground import EXAMPLES, Playground
from tests.integration.street import AMR, DOORS, PSB, Bus, opened

#: The one that goes from the raid to the judgment, and some of other procedures.
STORYLINES = (1, 2, 4)
_WAITING = (
    "涉嫌销售假冒注册商标的商品案（西湖茶叶）",
    "涉嫌假冒专利案（净水器）",
    "涉嫌侵犯商业秘密案（客户名单）",
)


def played(stack: Stack) -> str:
    """The case of the first storyline."""
    lines = [storyline.read(EXAMPLES / f"storyline-{number}.yaml") for number in STORYLINES]
    with Playground(stack) as ground:
        return str(ground.player(lines, by_cli=False).play()[0].case)


def waiting(stack: Stack) -> list[str]:
    """Cases that were sent to the police lately; the first has its receipt."""
    today = now_from(stack.settings("gateway"))().astimezone(CHINA).date()
    bus = Bus(stack)
    try:
        found = [
            opened(
                bus,
                legal=str(today - timedelta(days=days)),
                data={"title": title, "numbers": [_number(days)]},
            )[0]
            for days, title in enumerate(_WAITING)
        ]
        given = {"stream": found[0], "legal": str(today), "to": (AMR,)}
        bus.send([bus.event("referral.receipted", PSB, **given)], DOORS[PSB])
        bus.status(found[0], "receipted")
        # Signed by one agency and sent through another's door: it waits for a person.
        bus.send([bus.event("referral.accepted", PSB, **given)], DOORS[AMR])
        bus.until("select 1 from own.rejected")
        return found
    finally:
        bus.producer.close()


def _number(at: int) -> dict[str, str]:
    return {"kind": "letter_no", "value": f"杭西市监移〔2026〕{31 + at}号"}

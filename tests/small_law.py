"""A law of three small procedures, for tests of the fold with any law."""

from __future__ import annotations

from pathlib import Path

from casebus.law import Law, loader

SHIPPED = loader.read(Path(__file__).parents[1] / "policies/law")

_RULE = "source: 某法, article: 第一条, effective_from: 2020-01-01, confidence: M+"

PENALTY = f"""
id: penalty
title: {{zh: 处罚, en: Penalty}}
opener: administrative
initial: begun
roles:
  administrative: {{title: {{zh: 行政机关, en: Agency}}, sectors: [administrative]}}
  police: {{title: {{zh: 公安机关, en: Police}}, sectors: [police]}}
  procuratorate: {{title: {{zh: 检察院, en: Procuratorate}}, sectors: [procuratorate]}}
states:
  begun: {{zh: 未立案, en: Begun}}
  filed: {{zh: 已立案, en: Filed}}
  decided: {{zh: 已决定, en: Decided}}
  closed: {{zh: 已结案, en: Closed}}
duties:
  decide:
    title: {{zh: 决定, en: Decide}}
    role: administrative
    actions: {{take: work.taken, decide: penalty.decided}}
    clock: A04
transitions:
  - {{event: penalty.filed, from: [begun, closed], to: filed, opening: true, by: [administrative],
     starts: [A04, A06, A07], opens: [decide], {_RULE}}}
  - {{event: appraisal.requested, from: [filed], to: "=", by: [administrative], pauses: [A04, A07],
     {_RULE}}}
  - {{event: appraisal.issued, from: [filed], to: "=", by: [administrative], resumes: [A04, A07],
     {_RULE}}}
  - {{event: hearing.notified, from: [filed], to: "=", by: [administrative], pauses: [A04],
     {_RULE}}}
  - {{event: hearing.held, from: [filed], to: "=", by: [administrative], resumes: [A04], {_RULE}}}
  - {{event: penalty.extended, from: [filed], to: "=", by: [administrative], extends: [A04],
     {_RULE}}}
  - {{event: penalty.decided, from: [filed], to: decided, by: [administrative], stops: [A04],
     cancels: [A06, A07], closes: [decide], binds: {{police: recipient}}, {_RULE}}}
  - {{event: penalty.closed, from: [decided], to: closed, by: [administrative], cancels: ["*"],
     closes: ["*"], {_RULE}}}
"""

MEDIATION = f"""
id: mediation
title: {{zh: 调解, en: Mediation}}
opener: mediation
initial: begun
roles:
  mediation: {{title: {{zh: 调解组织, en: Mediators}}, sectors: [arbitration]}}
  administrative: {{title: {{zh: 行政机关, en: Agency}}, sectors: [administrative]}}
  police: {{title: {{zh: 公安机关, en: Police}}, sectors: [police]}}
states:
  begun: {{zh: 未申请, en: Begun}}
  asked: {{zh: 已申请, en: Asked}}
  answered: {{zh: 已答复, en: Answered}}
  silent: {{zh: 未答复, en: Not answered}}
  over: {{zh: 结束, en: Over}}
duties:
  decide:
    title: {{zh: 答复, en: Answer}}
    role: administrative
    actions: {{take: work.taken, answer: mediation.answered}}
  proceed:
    title: {{zh: 继续, en: Go on}}
    role: mediation
    actions: {{take: work.taken, end: mediation.ended}}
    clock: M02
transitions:
  - {{event: mediation.asked, from: [begun], to: asked, opening: true, by: [mediation],
     binds: {{administrative: recipient}}, starts: [M01], opens: [decide], {_RULE}}}
  - {{event: mediation.answered, from: [asked], to: answered, by: [administrative], stops: [M01],
     closes: [decide], {_RULE}}}
  - {{event: clock.lapsed, clock: M01, from: [asked], to: silent, by: [bus], starts: [M02],
     closes: [decide], opens: [proceed], {_RULE}}}
  - {{event: mediation.ended, from: [answered, silent], to: over, by: [mediation], stops: [M02],
     cancels: ["*"], closes: ["*"], {_RULE}}}
  - {{event: appraisal.requested, from: [answered], to: "=", by: [mediation, administrative],
     {_RULE}}}
"""

CLOCKS = f"""
clocks:
  - {{id: A04, title: {{zh: 决定, en: Decide}}, actor: administrative, amount: 90, unit: d,
     count_rule: natural_roll, tell: [superior, "role:procuratorate"], {_RULE},
     extensions: [{{amount: 30, unit: d, article: 第二条, by: {{zh: 负责人, en: Head}}}}]}}
  - {{id: A06, title: {{zh: 扣押, en: Seizure}}, actor: administrative, amount: 30, unit: d,
     count_rule: natural_roll, warn_at: null, {_RULE}}}
  - {{id: A07, title: {{zh: 公示, en: Publish}}, actor: administrative, amount: 20, unit: wd,
     count_rule: working, expiry: lapse, {_RULE}}}
  - {{id: M01, title: {{zh: 答复, en: Answer}}, actor: administrative, amount: 15, unit: d,
     count_rule: natural_roll, expiry: lapse, posting_counts: true, {_RULE}}}
  - {{id: M02, title: {{zh: 结束调解, en: End}}, actor: mediation, amount: 30, unit: d,
     count_rule: natural_roll, tell: [superior], {_RULE}}}
"""


def law(**changes: str) -> Law:
    """The small law; `changes` replaces files: `penalty`, `mediation`, `clocks`, `holidays`."""
    files = {name: SHIPPED[name] for name in ("sectors.yaml", "common.yaml")}
    own = {
        "procedures/penalty.yaml": changes.get("penalty", PENALTY),
        "procedures/mediation.yaml": changes.get("mediation", MEDIATION),
        "clocks/small.yaml": changes.get("clocks", CLOCKS),
        "holidays.yaml": changes.get("holidays", SHIPPED["holidays.yaml"].decode()),
    }
    return Law(files | {name: text.encode() for name, text in own.items()})

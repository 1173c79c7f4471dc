"""Agencies in words: roles and rules of the law files as a lawyer reads them."""

from __future__ import annotations

from collections.abc import Iterable

from casebus.events.doors import BUS
from casebus.law import models
from casebus.law.agencies import ACTOR, ROLE, SAME_DIVISION, SUPERIOR
from casebus.law.models import Title

#: Words that every procedure knows beside its own roles.
EVERYWHERE = {
    "any": Title(zh="任何参与单位", en="Any agency of the case"),
    BUS: Title(zh="总线", en="The bus"),
}
RULES = {
    ACTOR: Title(zh="办理单位", en="The acting agency"),
    SUPERIOR: Title(zh="上级机关", en="Its superior"),
}
SECTORS = {
    "administrative": Title(zh="行政执法机关", en="Administrative agencies"),
    "arbitration": Title(zh="仲裁机构", en="Arbitration commissions"),
    "bus": Title(zh="总线", en="The bus"),
    "centre": Title(zh="保护中心", en="Protection centres"),
    "court": Title(zh="人民法院", en="Courts"),
    "customs": Title(zh="海关", en="Customs"),
    "examination": Title(zh="专利商标审查机构", en="Examination offices"),
    "mediation": Title(zh="调解组织", en="Mediation bodies"),
    "notary": Title(zh="公证机构", en="Notaries"),
    "platform": Title(zh="平台", en="Platforms"),
    "police": Title(zh="公安机关", en="Police"),
    "procuratorate": Title(zh="人民检察院", en="Procuratorates"),
    "supervision": Title(zh="监督协调机构", en="Supervision and coordination"),
}


def role_of(file: models.ProcedureFile, word: str) -> Title:
    """A role's title; a word that this procedure does not know is returned unchanged."""
    role = file.roles.get(word)
    return role.title if role is not None else EVERYWHERE.get(word, Title(zh=word, en=word))


def rule_of(file: models.ProcedureFile, rule: str) -> Title:
    """The agencies that a rule in `tell` or `copies` means."""
    if rule.startswith(ROLE):
        return role_of(file, rule.removeprefix(ROLE))
    if rule.startswith(SAME_DIVISION):
        sector = SECTORS[rule.removeprefix(SAME_DIVISION)]
        return Title(zh=f"同级{sector.zh}", en=f"{sector.en} of the same level")
    return RULES[rule]


def both(titles: Iterable[Title]) -> str:
    """Chinese and English of each, once."""
    return "、".join(dict.fromkeys(f"{one.zh} {one.en}" for one in titles))


def roles(file: models.ProcedureFile, words: Iterable[str]) -> str:
    return both(role_of(file, word) for word in words)


def rules(file: models.ProcedureFile, words: Iterable[str]) -> str:
    return both(rule_of(file, word) for word in words)

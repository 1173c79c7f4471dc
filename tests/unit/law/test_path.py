"""The plain path of a procedure says what the statechart and the clocks say, and no role word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from casebus.cli.law import words
from casebus.cli.law.pages import handbook_of
from casebus.cli.law.path import HEADING, path
from casebus.law import Law, loader, models
from tests.case_events import ROOT

LAW = ROOT / "policies/law"
BOOK = handbook_of(LAW, ROOT / "schemas")
FILES = loader.parse_all(loader.read(LAW), "procedures", models.ProcedureFile)
every_procedure = pytest.mark.parametrize("file", FILES.values(), ids=lambda one: one.id)

RULE = {
    "source": "某办法",
    "article": "第一条",
    "effective_from": "2020-01-01",
    "confidence": "V-L",
}


def row(event: str, come_from: str, to: str, by: str = "office", **more: Any) -> dict[str, Any]:
    return {**RULE, "event": event, "from": [come_from], "to": to, "by": [by], **more}


FILE = models.ProcedureFile.model_validate(
    {
        "id": "request",
        "title": {"zh": "申请", "en": "Request"},
        "opener": "asker",
        "initial": "draft",
        "roles": {
            "asker": {"title": {"zh": "申请单位", "en": "Asking agency"}, "sectors": ["court"]},
            "office": {"title": {"zh": "承办单位", "en": "Office"}, "sectors": ["police"]},
        },
        "states": {
            "draft": {"zh": "拟申请", "en": "Draft"},
            "asked": {"zh": "已申请", "en": "Asked"},
            "answered": {"zh": "已答复", "en": "Answered"},
            "over": {"zh": "逾期", "en": "Too late"},
        },
        "duties": {},
        "transitions": [
            row("ask.made", "draft", "asked", "asker", opening=True, starts=["Q01", "Q02"]),
            row("ask.answered", "asked", "answered", stops=["Q01"]),
            row("ask.noted", "asked", "=", starts=["Q03"]),
            row("clock.lapsed", "asked", "over", "bus", clock="Q02"),
            row("ask.refused", "asked", "answered", effective_to="2021-01-01"),
        ],
    }
)


def clock(name: str, title: str, **more: Any) -> models.ClockVersion:
    given = {"id": name, "title": {"zh": title, "en": "It"}, "actor": "office", **RULE, **more}
    return models.ClockVersion.model_validate(given)


CLOCKS = [
    clock("Q01", "答复", amount=7, unit="wd", count_rule="working", tell=["superior"]),
    clock("Q01", "旧答复", amount=9, unit="wd", count_rule="working", effective_to="2021-01-01"),
    clock("Q02", "等待", amount=30, unit="d", count_rule="natural", expiry="lapse"),
    clock("Q03", "补记", amount=1, unit="m", count_rule="natural", own_choice=True),
]
WAY = "最短路径 The shortest way to the farthest end: "
TOLD = "逾期告知上级机关 Its superior overdue: they are told"
LAPSES = "届满即告终止 then it lapses"
CHOSEN = "（本平台设定 set by this installation）"
TITLES = {"ask.made": "提出申请", "ask.answered": "答复", "ask.noted": "记录"}


def test_it_says_what_happens_who_must_act_and_until_when() -> None:
    assert list(path(FILE, CLOCKS, TITLES)) == [
        f"{WAY}拟申请 Draft → 已申请 Asked → 已答复 Answered",
        "",
        "1. **拟申请 Draft**",
        "   - 申请单位 Asking agency：提出申请 → 已申请 Asked",
        "2. **已申请 Asked**",
        f"   - 承办单位 Office **答复 It**（Q01）：自提出申请起 7 个工作日 working days；{TOLD}",
        f"   - 承办单位 Office **等待 It**（Q02）：自提出申请起 30 日 days；{LAPSES}",
        "   - 承办单位 Office：答复 → 已答复 Answered（办结 done: Q01）",
        "   - 等待（Q02）届满 → 逾期 Too late",
        "3. **终点 Here it ends**",
        "   - 已答复 Answered",
        "   - 逾期 Too late",
        "4. **其间 Meanwhile, in whatever state**",
        "   - 承办单位 Office：记录",
        f"   - 承办单位 Office **补记 It**（Q03）：自记录起 1 个月 months{CHOSEN}；逾期 overdue",
    ]


@every_procedure
def test_each_page_begins_with_the_path_and_names_every_clock_in_force_in_it(
    file: models.ProcedureFile,
) -> None:
    page = BOOK[f"{file.id}.md"]
    plain = page.partition(HEADING)[2].partition("\n## ")[0]
    assert page.index(HEADING) < page.index("## 角色 Roles")
    # What an option adds is no way of the path, which is drawn as most installations have it.
    live = [one for one in file.in_use if one.effective_to is None and one.option is None]
    reached = [one for one in live if set(one.from_) != {"*"} or one.to in {"=", *one.from_}]
    for one in reached:
        for name in one.begins:
            rows = [
                it for it in _rows() if it.id == name and it.effective_to is None and it.enabled
            ]
            assert not rows or f"（{name}）" in plain, name


@every_procedure
def test_no_cell_of_a_page_says_a_role_by_its_word(file: models.ProcedureFile) -> None:
    tables = _tables(BOOK[f"{file.id}.md"])
    cells = [row[4:5] + row[6:7] for row in tables["行为 Transitions"]]
    cells += [row[3:4] for row in tables["待办 Duties"]]
    cells += [row[3:4] + row[8:9] for row in tables.get("期限 Clocks", ())]
    said = {word.strip() for row in cells for cell in row for word in re.split("[,、]", cell)}
    assert not said & {*file.roles, *words.EVERYWHERE, *words.RULES}
    assert all(not word or re.search("[\u4e00-\u9fff]", word) for word in said)


def _tables(page: str) -> dict[str, list[list[str]]]:
    """Rows of each section's table, its head left out; a part of a section is a section."""
    parts = (part.partition("\n") for part in re.split(r"\n###? ", page)[1:])
    return {
        name: [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in text.splitlines()
            if line.startswith("| ")
        ][2:]
        for name, _, text in parts
    }


def test_every_sector_and_rule_of_the_law_has_a_title() -> None:
    law = Law.load(LAW)
    assert set(law.sectors) <= words.SECTORS.keys()
    told = {rule for one in _rows() for rule in one.tell}
    copies = {rule for file in FILES.values() for one in file.transitions for rule in one.copies}
    for rule in told | copies:
        for file in FILES.values():
            assert words.rule_of(file, rule).zh


def _rows() -> list[models.ClockVersion]:
    files = loader.parse_all(loader.read(LAW), "clocks", models.ClockFile)
    return [one for file in files.values() for one in file.clocks]

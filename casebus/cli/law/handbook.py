"""The procedures as Markdown for a lawyer to read: an index, and one page for each.

Pure: it turns the law files into page texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from casebus.cli.law import words
from casebus.cli.law.path import HEADING, path
from casebus.events.doors import BUS
from casebus.law import Law, models
from casebus.law.acts import Need
from casebus.law.compiled import ALL, SAME
from casebus.law.compiling import OWN_CHOICE
from casebus.law.drawing import draw
from casebus.law.options import FILE as OPTIONS
from casebus.law.options import Option

INDEX = "README.md"
_SOURCE = "Made by `casebus law docs` from `policies/law`; change the law files, not this."
_UNITS = {"h": "小时 h", "d": "日 d", "wd": "工作日 wd", "m": "个月 m"}
_COUNTS = {
    "natural": "自然日 natural days",
    "natural_roll": "自然日，末日遇休息日顺延 natural days, rolled over",
    "working": "工作日 working days",
    "hours": "连续计算 hours run through",
}
_EFFECTS = (
    ("starts", "启动"),
    ("ensures", "未启动则启动"),
    ("stops", "停止"),
    ("cancels", "取消"),
    ("pauses", "中止"),
    ("resumes", "恢复"),
    ("extends", "延长"),
)


def pages(
    law: Law,
    procedures: Mapping[str, models.ProcedureFile],
    clocks: Mapping[str, models.ClockFile],
    titles: Mapping[str, str],
    choices: Mapping[str, Option],
    *,
    standstill: models.Title | None = None,
) -> dict[str, str]:
    """File name -> text; `titles` are the titles of events.

    Files are given by their names in the law.
    """
    rows = [row for file in clocks.values() for row in file.clocks]
    files = sorted(procedures.values(), key=lambda one: one.id)
    texts = {f"{one.id}.md": _text(_page(one, law, rows, titles)) for one in files}
    drawings = {f"{one.id}.svg": draw(one, titles) for one in files}
    return {INDEX: _text(_index(files, rows, choices, standstill)), **texts, **drawings}


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(heads: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = [one.strip() for one in heads.split("|")]
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _index(
    files: list[models.ProcedureFile],
    clocks: list[models.ClockVersion],
    choices: Mapping[str, Option],
    standstill: models.Title | None,
) -> Iterator[str]:
    yield from ("# 程序 Procedures", "", _SOURCE)
    yield "How to read, cite, change, try and adopt them: [law.md](../how-to/law.md)."
    yield ""
    yield from _table(
        "procedure | states | transitions | clocks | least sure",
        (
            (
                f"[{one.title.zh} {one.title.en}]({one.id}.md)",
                str(len(one.states)),
                str(len(one.transitions)),
                ", ".join(_started(one)),
                _least(one, clocks),
            )
            for one in files
        ),
    )
    yield from ("", "## 本平台设定的期限 Periods that this installation has set itself", "")
    yield "No text of the law gives them: each citation says so. Change them as your province asks."
    yield ""
    yield from _table("clock | 名称 | name | 期间 | end | told | 依据", _own(files, clocks))
    yield from ("", "## 可选规则 What an installation may switch on", "")
    yield f"Switched in `policies/law/{OPTIONS}`; off, a row is drawn and applies to nobody."
    yield ""
    yield from _table(
        "option | 名称 | name | 状态 | 依据",
        (
            (
                word,
                one.title.zh,
                one.title.en,
                "已启用 on" if one.enabled else "未启用 off",
                f"{one.source} {one.article}",
            )
            for word, one in choices.items()
        ),
    )
    if standstill is not None:
        yield from ("", "## 期限中止 While a clock stands still", "")
        yield f"{standstill.zh} {standstill.en}"


def _own(
    files: list[models.ProcedureFile], clocks: list[models.ClockVersion]
) -> Iterator[tuple[str, ...]]:
    for row in sorted((one for one in clocks if one.own_choice), key=lambda one: one.id):
        home = next((file for file in files if row.id in _started(file)), files[0])
        of = _clock(home, row)
        yield of[0], of[1], of[2], of[4], of[6], of[8], of[9]


def _started(file: models.ProcedureFile) -> list[str]:
    return sorted({clock for row in file.transitions for clock in row.begins})


def _least(file: models.ProcedureFile, clocks: list[models.ClockVersion]) -> str:
    """The lowest confidence among a procedure's rules and its clocks."""
    known = set(_started(file))
    levels = [row.confidence for row in file.transitions]
    levels += [row.confidence for row in clocks if row.id in known]
    order = ("V", "M+", "M~", "M?")
    return max((one.partition("-")[0] for one in levels), key=order.index)


def _page(
    file: models.ProcedureFile,
    law: Law,
    clocks: list[models.ClockVersion],
    titles: Mapping[str, str],
) -> Iterator[str]:
    yield from (f"# {file.title.zh} {file.title.en}", "")
    yield f"{_SOURCE} [All procedures]({INDEX})."
    yield from ("", HEADING, "", *path(file, clocks, titles))
    yield from ("", f"![{file.title.zh}]({file.id}.svg)", "")
    yield from ("## 角色 Roles", "")
    yield from _table("role | 名称 | name | sectors", _roles(file, law))
    yield from ("", "## 行为 Transitions", "")
    yield from _table(
        "事项 | event | from | to | by | clocks | copies | 依据 | in force | confidence",
        (_transition(file, row, titles) for row in file.transitions),
    )
    silent = [(word, one, one.silence) for word, one in file.states.items() if one.silence]
    if silent:
        yield from ("", "## 无人行动时 If nobody acts any more", "")
        yield "In every other state a clock of who must act falls due. In these, why not:"
        yield ""
        yield from _table(
            "state | 状态 | 原因 | why",
            ((word, one.zh, why.zh, why.en) for word, one, why in silent),
        )
    yield from ("", "## 待办 Duties", "")
    yield from _table("duty | 名称 | name | role | actions | clock", _duties(file))
    yield from ("", "### 行为须载明的内容 What each act must bear", "")
    yield from _table(
        "事项 | event | 须载明 | it must bear | where | 依据 | in force | confidence",
        _acts(file, law, titles),
    )
    started = set(_started(file))
    rows = [row for row in clocks if row.id in started]
    if rows:
        yield from ("", "## 期限 Clocks", "")
        yield from _table(
            "clock | 名称 | name | actor | 期间 | count | end | 延长 | told | 依据 | in force"
            " | confidence",
            (_clock(file, row) for row in rows),
        )


def _roles(file: models.ProcedureFile, law: Law) -> Iterator[tuple[str, ...]]:
    every = set(law.sectors) - {BUS}
    for word, role in file.roles.items():
        named = words.both(words.SECTORS[one] for one in role.sectors)
        sectors = "全部单位 every agency" if every <= set(role.sectors) else named
        first = " (opener)" if word == file.opener else ""
        yield f"{word}{first}", role.title.zh, role.title.en, sectors


def _transition(
    file: models.ProcedureFile, row: models.Transition, titles: Mapping[str, str]
) -> tuple[str, ...]:
    states = {ALL: "任何状态", SAME: "不变"}
    named = {**{word: title.zh for word, title in file.states.items()}, **states}
    return (
        f"{row.clock} 届满" if row.clock else titles.get(row.event, ""),
        f"{row.event} {row.clock}" if row.clock else row.event,
        "、".join(named[one] for one in row.from_),
        named[row.to] + ("（启动程序）" if row.opening else ""),
        words.roles(file, row.by),
        "；".join(_effects(row)),
        words.rules(file, row.copies),
        f"{row.source} {row.article}",
        _days(row),
        row.confidence + _switch(row),
    )


def _switch(row: models.Choice) -> str:
    """The option of a row, and whether the row is in force."""
    option = f"选项 option {row.option}" if row.option else ""
    off = "" if row.enabled else "未启用 off"
    return f"（{'，'.join(filter(None, (option, off)))}）" if option or off else ""


def _effects(row: models.Transition) -> Iterator[str]:
    for word, said in _EFFECTS:
        clocks = getattr(row, word)
        if clocks:
            yield f"{said} {'全部' if clocks == (ALL,) else ', '.join(clocks)}"
    if row.unless_open:
        yield f"已启动程序 {', '.join(row.unless_open)} 的除外"


def _duties(file: models.ProcedureFile) -> Iterator[tuple[str, ...]]:
    for word, duty in file.duties.items():
        actions = ", ".join(f"{action}: {event}" for action, event in duty.actions.items())
        role = words.roles(file, (duty.role,))
        yield word, duty.title.zh, duty.title.en, role, actions, duty.clock or ""


def _acts(
    file: models.ProcedureFile, law: Law, titles: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    for event in dict.fromkeys(
        one for duty in file.duties.values() for one in duty.actions.values()
    ):
        for need in law.acts.all_needs(event):
            where = f"to: {', '.join(need.to)}" if need.to else ", ".join(need.places)
            row = (titles.get(event, ""), event, need.what, need.what_en, where)
            yield *row, need.citation, _days(need), need.confidence


def _clock(file: models.ProcedureFile, row: models.ClockVersion) -> tuple[str, ...]:
    return (
        row.id,
        row.title.zh,
        row.title.en,
        words.roles(file, (row.actor,)),
        f"{row.amount} {_UNITS[row.unit]}" if row.unit else "立即 at once",
        _counting(row),
        _ending(row),
        "；".join(f"+{one.amount} {_UNITS[one.unit]}（{one.article}）" for one in row.extensions),
        words.rules(file, row.tell),
        f"{row.source} {row.article}{OWN_CHOICE if row.own_choice else ''}{_meant(row)}",
        _days(row),
        row.confidence + _switch(row),
    )


def _counting(row: models.ClockVersion) -> str:
    counted = _COUNTS.get(row.count_rule or "", "")
    if row.last_to_last:
        counted += "；月末至月末 last day to last"
    return f"{counted}；自收到之日起 from receipt" if row.counts_from == "receipt" else counted


def _ending(row: models.ClockVersion) -> str:
    if row.owed_if_done:
        return "逾期办理的为违反 breach where done late"
    return "逾期 breach" if row.expiry == "breach" else "届满失效 lapse"


def _meant(row: models.ClockVersion) -> str:
    """The bodies for which a row is meant."""
    said = [f"{path} = {' / '.join(map(str, one))}" for path, one in row.when.items()]
    said += [f"{path} ≠ {' / '.join(map(str, one))}" for path, one in row.unless.items()]
    return f"（{'；'.join(said)}）" if said else ""


def _days(rule: models.Rule | Need) -> str:
    ends = rule.effective_to and rule.effective_to < dt.date.max
    until = f" to {rule.effective_to}" if ends else ""
    return f"from {rule.effective_from}{until}"

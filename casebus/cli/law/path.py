"""The plain path of a procedure: the events, who must act, and until when.

It is made from the statechart and the clocks alone, state by state in the order in which they are
reached. So it shows what the bus does. Rows out of force appear only in the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from casebus.cli.law import words
from casebus.law import models
from casebus.law.compiled import ALL, SAME
from casebus.law.ways import Ways

HEADING = "## 简明流程 What happens, who must act, until when"
_UNITS = {"h": "小时 hours", "d": "日 days", "wd": "个工作日 working days", "m": "个月 months"}


def path(
    file: models.ProcedureFile, clocks: Iterable[models.ClockVersion], titles: Mapping[str, str]
) -> Iterator[str]:
    """Numbered steps, one for each state; `titles` are those of events."""
    return _Path(file, clocks, titles).lines()


class _Path:
    def __init__(
        self,
        file: models.ProcedureFile,
        clocks: Iterable[models.ClockVersion],
        titles: Mapping[str, str],
    ) -> None:
        self._file, self._titles = file, titles
        self._clocks: dict[str, list[models.ClockVersion]] = {}
        for row in clocks:
            if row.effective_to is None and row.enabled:
                self._clocks.setdefault(row.id, []).append(row)
        self._rows = [one for one in file.in_use if one.effective_to is None]
        self._final = Ways(file).final

    def lines(self) -> Iterator[str]:
        order = self._order()
        way = " → ".join(_both(self._file.states[one]) for one in self._main())
        yield f"最短路径 The shortest way to the farthest end: {way}"
        yield ""
        running = [state for state in order if state not in self._final]
        for number, state in enumerate(running, 1):
            yield f"{number}. **{_both(self._file.states[state])}**"
            yield from (f"   - {one}" for one in self._step(state))
        if ends := [state for state in order if state in self._final]:
            yield f"{len(running) + 1}. **终点 Here it ends**"
            yield from (f"   - {one}" for one in self._ends(ends))
        if meanwhile := list(dict.fromkeys(self._meanwhile())):
            yield f"{len(running) + 1 + bool(ends)}. **其间 Meanwhile, in whatever state**"
            yield from (f"   - {one}" for one in meanwhile)

    def _main(self) -> list[str]:
        """The way to the farthest end: by somebody's duty first, then the shortest.

        So supervision and other by-ways are taken only if nothing else leads on.
        """
        best = {self._file.initial: (0, 1, [self._file.initial])}
        waiting = [self._file.initial]
        while waiting:
            state = waiting.pop(0)
            cost, length, way = best[state]
            for row in self._leaving(state):
                found = (cost + (not self._is_waited_for(state, row)), length + 1)
                if row.to not in best or found < best[row.to][:2]:
                    best[row.to] = (*found, [*way, row.to])
                    waiting.append(row.to)
        ends = [way for state, (_, _, way) in best.items() if state in self._final]
        return max(ends or [way for _, _, way in best.values()], key=len)

    def _is_waited_for(self, state: str, row: models.Transition) -> bool:
        opened = {duty for one in self._rows if one.to == state for duty in one.opens}
        return any(row.event in self._file.duties[duty].actions.values() for duty in opened)

    def _order(self) -> list[str]:
        """States in the order in which they are reached, the nearest first."""
        found = [self._file.initial]
        for state in found:
            found += dict.fromkeys(row.to for row in self._leaving(state) if row.to not in found)
        anywhere = [row.to for row in self._rows if row.from_ == (ALL,) and row.to != SAME]
        return list(dict.fromkeys([*found, *anywhere]))

    def _leaving(self, state: str) -> list[models.Transition]:
        return [one for one in self._rows if state in one.from_ and one.to not in (SAME, state)]

    def _step(self, state: str) -> Iterator[str]:
        """Acts owed from here on, then acts that may happen."""
        reaching = [row for row in self._rows if row.to == state and row.from_ != (state,)]
        yield from self._owed(reaching)
        ways = dict.fromkeys(self._may(row) for row in self._leaving(state))
        yield from ways or ("后续事项不在本程序之内 What comes next is another procedure's",)
        if why := self._file.states[state].silence:
            yield f"无人行动时 If nobody acts: {_both(why)}"

    def _ends(self, ends: Iterable[str]) -> Iterator[str]:
        for state in ends:
            again = "；".join(dict.fromkeys(self._may(row) for row in self._leaving(state)))
            yield _both(self._file.states[state]) + (f"（再次 anew：{again}）" if again else "")
            yield from self._owed(row for row in self._rows if row.to == state)

    def _meanwhile(self) -> Iterator[str]:
        """Acts that leave the state unchanged, and start a period or end one."""
        for row in self._rows:
            stays = row.to == SAME or row.from_ == (row.to,)
            if stays and (row.begins or row.stops):
                yield self._may(row)
                yield from self._owed([row])

    def _owed(self, rows: Iterable[models.Transition]) -> Iterator[str]:
        began: dict[str, list[models.Transition]] = {}
        for row in rows:
            for clock in row.begins:
                began.setdefault(clock, []).append(row)
        for clock, by in began.items():
            yield from (self._must(one, by) for one in self._clocks.get(clock, ()))

    def _must(self, row: models.ClockVersion, by: Iterable[models.Transition]) -> str:
        actor = words.roles(self._file, (row.actor,))
        since = "、".join(dict.fromkeys(self._event(one) for one in by))
        until = f"{row.amount} {_UNITS[row.unit]}" if row.unit else "立即 at once"
        about = f"{actor} **{_both(row.title)}**（{row.id}）"
        return f"{about}：自{since}起 {until}{_for(row)}；{self._end(row)}"

    def _end(self, row: models.ClockVersion) -> str:
        if row.expiry == "lapse":
            return "届满即告终止 then it lapses"
        if row.unit is None:
            return "无固定期限 no day is fixed"
        if row.owed_if_done:
            return "逾期办理的为违反 a breach only where it is done late"
        told = words.rules(self._file, row.tell)
        return f"逾期告知{told} overdue: they are told" if told else "逾期 overdue"

    def _may(self, row: models.Transition) -> str:
        who = "" if row.event == models.LAPSED else f"{words.roles(self._file, row.by)}："
        stays = row.to == SAME or row.from_ == (row.to,)
        to = "" if stays else f" → {_both(self._file.states[row.to])}"
        done = f"（办结 done: {', '.join(row.stops)}）" if row.stops else ""
        return f"{who}{self._event(row)}{to}{done}"

    def _event(self, row: models.Transition) -> str:
        if row.clock is None:
            return self._titles.get(row.event, row.event)
        named = self._clocks.get(row.clock)
        return f"{named[0].title.zh if named else ''}（{row.clock}）届满"


def _for(row: models.ClockVersion) -> str:
    """The bodies it is for, and a note if no legal text gives it."""
    said = [f"{path} = {' / '.join(map(str, one))}" for path, one in row.when.items()]
    said += [f"{path} ≠ {' / '.join(map(str, one))}" for path, one in row.unless.items()]
    if row.own_choice:
        said.append("本平台设定 set by this installation")
    return f"（{'；'.join(said)}）" if said else ""


def _both(title: models.Title) -> str:
    return f"{title.zh} {title.en}"

"""The form of the files in policies/law, as written. The models refuse forbidden combinations."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from casebus.events.doors import BUS
from casebus.events.types import CLOCK_LAPSED, event_name

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
#: `domain.event` of a ce_type `casebus.<domain>.<event>.v<major>`.
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
#: The same, with `*` for any event of a domain.
EventGlob = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)$")]
#: Agencies seen from the agency that acts: itself, its superior, a role, a neighbour.
AgencyRule = Annotated[
    str, StringConstraints(pattern=r"^(actor|superior|role:[a-z_]+|same_division:[a-z_]+)$")
]
#: V: read in a legal text (L, J, P, I: which text). M: not read; + well known, ~ probable.
Confidence = Annotated[str, StringConstraints(pattern=r"^(V-[A-Z]|M[+~?])$")]
#: Field of a body, `decision.kind` for one inside a record.
BodyPath = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
#: Letters, two digits, a letter for a variant: T08, T08b, OM01.
ClockId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}[0-9]{2}[a-z]?$")]
#: hours, days, working days, months; a year is 12 months.
Unit = Literal["h", "d", "wd", "m"]
Share = Annotated[float, Field(gt=0, lt=1)]
Level = Literal["county", "city", "province", "national"]

#: The event of the bus which says that a clock ran out.
LAPSED = event_name(CLOCK_LAPSED)


class LawModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(LawModel):
    zh: str
    en: str


class State(Title):
    #: The reason why nothing falls due here if nobody acts any more; set only if nothing does.
    silence: Title | None = None


class Rule(LawModel):
    """The parts of every rule: its source, the days of its force, and our confidence."""

    source: str
    article: str
    effective_from: dt.date
    effective_to: dt.date | None = None
    confidence: Confidence

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self


class Choice(Rule):
    """A rule that an installation may switch off or on.

    It is always checked, but applied only if on.
    """

    enabled: bool = True
    #: In force only if this option of options.yaml is on, in place of the row that it varies.
    option: Word | None = None


class RoleRule(LawModel):
    title: Title
    sectors: tuple[Word, ...]


class Duty(LawModel):
    """A kind of work item: its owner, the possible actions, and the clock that runs on it."""

    title: Title
    role: Word
    #: Word of the officer -> the event that it publishes.
    actions: dict[Word, EventName]
    clock: str | None = None


class Transition(Choice):
    """One event type in some states: the effects of the event if it is in procedure there."""

    event: EventName
    #: Only for `clock.lapsed`, and always there: the clock whose end is the transition.
    clock: ClockId | None = None
    #: `*` means any state.
    from_: tuple[str, ...] = Field(alias="from")
    #: `=` means the state from which the transition starts.
    to: str
    #: May begin a region of a case. Its author then takes the procedure's `opener` role.
    opening: bool = False
    #: Roles with standing; `any` means every agency that takes part in the case.
    by: tuple[Word, ...]
    #: Role -> `recipient`: the first recipient of the role's sectors takes it, and one must exist.
    #: `recipient_or_author`: otherwise the author takes it, if it is of these sectors, else nobody.
    binds: dict[Word, Literal["recipient", "recipient_or_author"]] = {}
    starts: tuple[str, ...] = ()
    #: Starts those clocks that do not run here already, or that run by a row not meant for this
    #: body.
    ensures: tuple[str, ...] = ()
    #: Ensures nothing if one of these procedures was opened in the case. That procedure already did
    #: the act that the clocks ask for, so nothing would ever stop them.
    unless_open: tuple[Word, ...] = ()
    #: The event is the act that these clocks ask for.
    stops: tuple[str, ...] = ()
    #: The event removes the reason for these clocks; `*` means all of them.
    cancels: tuple[str, ...] = ()
    #: While paused, a clock does not count; `*` means all of the region.
    pauses: tuple[str, ...] = ()
    #: Pauses only if each of these was met in time, and no longer than until this clock is due.
    pauses_if_met: tuple[ClockId, ...] = ()
    pauses_until: ClockId | None = None
    resumes: tuple[str, ...] = ()
    #: The n-th extension applies the n-th of the clock's `extensions`.
    extends: tuple[str, ...] = ()
    copies: tuple[AgencyRule, ...] = ()
    opens: tuple[Word, ...] = ()
    #: `*` means all open work.
    closes: tuple[str, ...] = ()
    checks: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _conditions_of_a_pause_have_one(self) -> Self:
        if (self.pauses_if_met or self.pauses_until) and not self.pauses:
            raise ValueError("pauses_if_met and pauses_until speak of `pauses`")
        return self

    @model_validator(mode="after")
    def _what_is_done_already_was_to_be_ensured(self) -> Self:
        if self.unless_open and not self.ensures:
            raise ValueError("unless_open speaks of `ensures`")
        return self

    @property
    def begins(self) -> tuple[str, ...]:
        """The clocks that run after it, whether they ran before or not."""
        return (*self.starts, *self.ensures)

    @model_validator(mode="after")
    def _what_the_bus_says_is_its_own(self) -> Self:
        is_bus = self.by == (BUS,)
        if (self.event == LAPSED) != (self.clock is not None) or (self.clock and not is_bus):
            raise ValueError(f"{LAPSED}, `clock:` and `by: [{BUS}]` go together")
        if BUS in self.by and not is_bus:
            raise ValueError(f"what {BUS} says nobody else says")
        if is_bus and self.opening:
            raise ValueError(f"what {BUS} says opens nothing")
        return self


class ProcedureFile(LawModel):
    id: Word
    title: Title
    opener: Word
    initial: Word
    roles: dict[Word, RoleRule]
    states: dict[Word, State]
    duties: dict[Word, Duty]
    #: Recorded beside the procedure: they cause no transition and need no standing.
    neutral: tuple[EventGlob, ...] = ()
    #: Anchors for YAML merge keys; not read.
    sources: dict[str, dict[str, object]] = {}
    transitions: tuple[Transition, ...]

    @property
    def in_use(self) -> tuple[Transition, ...]:
        """The transitions that are not switched off."""
        return tuple(row for row in self.transitions if row.enabled)


class Common(Rule):
    """Events that every procedure knows.

    Any participant may send them; they cause no transition.
    """

    events: tuple[EventName, ...]


class ReceiptRule(Rule):
    """The time after which a sent event counts as received, if nothing shows an earlier receipt."""

    #: Counted from the recording of the event.
    within_hours: Annotated[int, Field(ge=0, le=240)]
    #: No legal text gives the hours: this installation chose them.
    own_choice: bool = True


class CommonFile(LawModel):
    sources: dict[str, dict[str, object]] = {}
    #: Recorded beside every procedure, from any author.
    neutral: tuple[EventGlob, ...] = ()
    recorded: tuple[Common, ...] = ()
    #: The rule for clocks that count from receipt.
    receipt: ReceiptRule | None = None
    #: The reason why nothing falls due while a clock stands still.
    standstill: Title | None = None


class ExtensionRule(LawModel):
    """One extension that the law allows: its length if the law gives one, and who grants it."""

    amount: Annotated[int, Field(gt=0, le=3650)]
    unit: Unit
    #: Set only if its legal text is not the clock's own.
    source: str | None = None
    article: str
    by: Title | None = None


class ClockVersion(Choice):
    """One period in one version. Without an amount it is `at once` and never falls due."""

    id: ClockId
    title: Title
    actor: Word
    amount: Annotated[int, Field(gt=0, le=3650)] | None = None
    #: hours, days, working days, months.
    unit: Unit | None = None
    #: `receipt`: from the day on which its actor received the event that starts it, if another
    #: agency sent it. Otherwise from the event's own date.
    counts_from: Literal["date", "receipt"] = "date"
    #: `natural_roll`: a last day that is not a working day moves to the next one; `natural`: never.
    count_rule: Literal["natural_roll", "natural", "working", "hours"] | None = None
    #: The time after the due moment in which an act may still be on its way, before anyone is told.
    grace_hours: Annotated[int, Field(ge=0, le=2400)] = 0
    #: `breach`: the actor owed the act. `lapse`: a right or a condition ended, nobody is told.
    expiry: Literal["breach", "lapse"] = "breach"
    tell: tuple[AgencyRule, ...] = ()
    #: Path in the trigger's body -> values, one of which must stand there; else no clock starts. If
    #: rows of one id are in force together, the first that fits the body counts.
    when: dict[BodyPath, tuple[str | bool | int, ...]] = {}
    #: The same for bodies that it is not meant for. An absent field excludes nothing.
    unless: dict[BodyPath, tuple[str | bool | int, ...]] = {}
    extensions: tuple[ExtensionRule, ...] = ()
    #: Starts only if somebody has the role of its actor by then.
    when_held: bool = False
    #: Share of the period after which the actor is warned; None: never. If absent, the file's
    #: share.
    warn_at: Share | None = None
    #: Only some cases have the duty, and only the act shows which. So there is a breach only if the
    #: act was done late. While nothing is done, the clock accuses nobody.
    owed_if_done: bool = False
    #: False: no legal text lets the clock stand still, so `clock.paused` has no effect on it. A
    #: transition's `pauses` still has.
    pausable: bool = True
    #: No legal text gives the period: this installation chose it. Every citation says so.
    own_choice: bool = False
    #: `pending`: also counts for clocks that were triggered before it and still run then.
    transition: Literal["new_triggers", "pending"] = "new_triggers"
    #: The day in `posted_on` of the act's body is the day of the act (刑诉法 105, 民诉法 85).
    posting_counts: bool = False
    #: Months that start on the last day of a month end on the last day of a month (法释〔2021〕1号
    #: 202).
    last_to_last: bool = False
    #: No rolling over if the trigger's body has `in_custody: true` (刑诉法 105).
    custody_no_roll: bool = False
    #: Close of business. The last day ends then, not at 24:00.
    closes_at: dt.time | None = None

    @model_validator(mode="after")
    def _period_is_whole(self) -> Self:
        given = [part is not None for part in (self.amount, self.unit, self.count_rule)]
        if any(given) and not all(given):
            raise ValueError("amount, unit and count_rule are given together or not at all")
        fits = {"h": {"hours"}, "wd": {"working"}, "d": _NATURAL, "m": _NATURAL}
        if self.unit and self.count_rule not in fits[self.unit]:
            raise ValueError(f"count_rule {self.count_rule} does not count {self.unit}")
        return self

    @model_validator(mode="after")
    def _what_is_said_of_the_period_fits_it(self) -> Self:
        if self.amount is None and (self.extensions or self.own_choice or self.owed_if_done):
            raise ValueError("extensions, own_choice and owed_if_done speak of a period")
        if self.amount is None and self.counts_from == "receipt":
            raise ValueError("counts_from speaks of a period, and this row has none")
        if self.owed_if_done and self.expiry != "breach":
            raise ValueError("owed_if_done says when there is a breach, and this clock lapses")
        if any(one.unit == "h" for one in self.extensions) and self.unit != "h":
            raise ValueError("only hours are extended by hours")
        if self.closes_at is not None and self.unit in {None, "h"}:
            raise ValueError("closes_at ends a day, and this period has none")
        if self.last_to_last and "m" not in {self.unit, *(one.unit for one in self.extensions)}:
            raise ValueError("last_to_last says how months end, and none are counted here")
        if self.custody_no_roll and self.count_rule != "natural_roll":
            raise ValueError("custody_no_roll says nothing where nothing rolls")
        return self


_NATURAL = {"natural", "natural_roll"}


class ClockFile(LawModel):
    sources: dict[str, dict[str, object]] = {}
    #: For the rows that do not give one themselves.
    warn_at: Share | None = 0.8
    clocks: tuple[ClockVersion, ...]


class HolidayYear(LawModel):
    #: Weekdays that are days off.
    free: tuple[dt.date, ...]
    #: Saturdays and Sundays that are worked (调休上班).
    worked: tuple[dt.date, ...]


def _split(value: object) -> object:
    """Accepts dates with spaces between them as a list."""
    return value.split() if isinstance(value, str) else value


class StatutoryDay(Rule):
    """Days off that the statute gives for one holiday, in one version."""

    id: Word
    title: Title
    #: Month and day, `10-01`, or the name of a day under `moving`.
    day: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z_]*|\d\d-\d\d)$")]
    #: The number of days off before that day: 1 if 除夕 is off.
    before: Annotated[int, Field(ge=0, le=7)] = 0
    amount: Annotated[int, Field(gt=0, le=7)]

    @property
    def is_fixed(self) -> bool:
        return self.day[0].isdigit()

    @model_validator(mode="after")
    def _is_a_day_of_each_year(self) -> Self:
        if self.is_fixed:
            try:
                dt.date.fromisoformat(f"2001-{self.day}")
            except ValueError:
                raise ValueError(f"{self.id}: {self.day} is no day of each year") from None
        return self


class Statutory(LawModel):
    """The days off that are known before the notice of their year appears."""

    sources: dict[str, dict[str, object]] = {}
    #: The most days by which notices so far moved days off and working days away from a holiday.
    window_days: Annotated[int, Field(ge=0, le=31)]
    #: True if a day off on a weekend is given on a working day instead.
    made_up: tuple[Rule, ...]
    #: The day of each year on which a holiday falls, by the lunar calendar or the solar term.
    moving: dict[str, Annotated[tuple[dt.date, ...], BeforeValidator(_split)]]
    days: tuple[StatutoryDay, ...]

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year of the moving days."""
        one = next(iter(self.moving.values()))
        return one[0].year, one[-1].year

    def is_made_up(self, day: dt.date) -> bool:
        return any(
            one.effective_from <= day <= (one.effective_to or dt.date.max) for one in self.made_up
        )

    @model_validator(mode="after")
    def _moving_days_are_of_the_same_years(self) -> Self:
        years = [[day.year for day in days] for days in self.moving.values()]
        if not years or not years[0]:
            raise ValueError("moving: no day of any year")
        whole = list(range(years[0][0], years[0][-1] + 1))
        if any(one != whole for one in years):
            raise ValueError("moving: each holiday has one day a year, all of the same years")
        return self

    @model_validator(mode="after")
    def _days_are_known(self) -> Self:
        for row in self.days:
            if not row.is_fixed and row.day not in self.moving:
                raise ValueError(f"{row.id}: {row.day} is no day under moving")
        return self


class HolidaysFile(LawModel):
    years: dict[int, HolidayYear]
    statutory: Statutory | None = None

    @model_validator(mode="after")
    def _years_are_consecutive_and_hold_their_days(self) -> Self:
        known = sorted(self.years)
        if not known or known != list(range(known[0], known[-1] + 1)):
            raise ValueError("years must follow each other without a gap")
        for year, days in self.years.items():
            if any(day.year != year for day in (*days.free, *days.worked)):
                raise ValueError(f"a day under {year} is of another year")
        return self

    @model_validator(mode="after")
    def _statutory_days_reach_the_years(self) -> Self:
        if self.statutory is not None:
            first, last = self.statutory.years
            if first > max(self.years) + 1 or last < min(self.years) - 1:
                raise ValueError("between the years and the statutory days no day may be missing")
        return self


class Grant(LawModel):
    """Event types that a sector may emit; no levels means every level."""

    types: tuple[EventGlob, ...]
    levels: tuple[Level, ...] = ()


class Sector(LawModel):
    title: Title
    emits: tuple[Grant, ...]


class SectorsFile(LawModel):
    #: An anchor for grants that every sector has. It is not read by itself.
    everyone: Grant | None = None
    sectors: dict[Word, Sector]

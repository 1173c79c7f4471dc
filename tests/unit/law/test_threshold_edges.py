"""What a verdict rests on where the usual tables do not reach: gaps, ends, bars and refusals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from casebus.law import LawError, loader
from casebus.law.assessment import AssessedMatter, Assessment, Verdict
from casebus.law.detection import EventDetection
from casebus.law.figures import ActDays, Figures
from casebus.law.items import GoodsItem
from casebus.law.outcomes import Outcomes
from casebus.law.standards import Standards
from casebus.law.threshold_models import (
    Repeat,
    RuleCondition,
    Standard,
    ThresholdFile,
    Tier,
)
from casebus.law.thresholds import Thresholds
from tests.case_events import LAW
from tests.unit.law.test_law import FILES
from tests.unit.law.test_thresholds import NOW, assess, figures, repeat

PARSED = loader.parse_all(FILES, "thresholds", ThresholdFile)
DAY = dt.timedelta(days=1)
COPYRIGHT, MARKS = frozenset({"copyright"}), frozenset({"trademark"})


def sold_marks(**more: Any) -> GoodsItem:
    known = ("same_mark", "same_goods", "knowing", "for_profit")
    elements = (*((name, True) for name in known), ("permitted", False))
    return GoodsItem(
        right="TRADEMARK", act="sells", sold=True, amount=6_000_000, elements=elements, **more
    )


def judged(*items: GoodsItem, offence: str | None = None) -> Assessment:
    return LAW.thresholds.assess(Figures(), offence, ActDays.on(NOW), today=NOW, items=tuple(items))


# --- files that contradict each other


def test_a_clock_that_the_law_does_not_know_is_refused_by_its_name() -> None:
    with pytest.raises(LawError) as refused:
        EventDetection(PARSED, frozenset())
    assert refused.value.code == "law_invalid"
    assert "thresholds: detection: unknown clock O01" in refused.value.detail


def twice(**parts: Any) -> dict[str, ThresholdFile]:
    """Every file of the law, and one more with these parts."""
    return {**PARSED, "more": ThresholdFile(**parts)}


def parts(name: str) -> tuple[Any, ...]:
    return next(getattr(one, name) for one in PARSED.values() if getattr(one, name))


(WITH_EVENTS,) = (one for one in PARSED if PARSED[one].detection is not None)
FAMILY = next(one for file in PARSED.values() for one in file.families.values())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            twice(detection=PARSED[WITH_EVENTS].detection),
            f"more: detection stands in {WITH_EVENTS} already",
        ),
        (twice(families={"trademark": FAMILY}), "more: family trademark twice"),
        (
            twice(families={"other": FAMILY}),
            f"thresholds: {FAMILY.offences[0]} is in two families",
        ),
        (
            twice(standards=(parts("standards")[0].model_copy(update={"offence": "225"}),)),
            "thresholds: 225 is in no family",
        ),
        (twice(standards=parts("standards")[:1]), "thresholds: 213: two versions overlap on "),
        (twice(fines=parts("fines")[:1]), "thresholds: fines: two versions overlap on "),
        (twice(units=parts("units")[:1]), "thresholds: units: two versions overlap on "),
    ],
)
def test_files_that_contradict_each_other_are_refused_by_what_they_both_say(
    files: dict[str, ThresholdFile], said: str
) -> None:
    with pytest.raises(LawError) as refused:
        Thresholds(files, LAW.clocks)
    assert refused.value.code == "law_invalid"
    assert refused.value.detail.startswith(said)


def test_without_a_file_about_events_no_name_says_anything() -> None:
    assert EventDetection({}, LAW.clocks).says("referral.sent") == frozenset()


def test_the_years_of_a_repeat_are_the_most_of_any_tier() -> None:
    assert LAW.thresholds.standards.repeat_years == 2
    (plain, *_) = parts("standards")
    rule = plain.rules[0].model_copy(update={"when": RuleCondition(repeat=Repeat(years=9))})
    harder = plain.model_copy(update={"tier2": Tier(article="x", rules=(rule,))})
    families = {"trademark": FAMILY.model_copy(update={"offences": (plain.offence,)})}
    alone = {"one": ThresholdFile(families=families, standards=(harder,))}
    assert Standards(alone, frozenset()).repeat_years == 9
    alone = {"one": ThresholdFile(families=families, standards=(rule_less(plain),))}
    assert Standards(alone, frozenset()).repeat_years == 0


def rule_less(standard: Standard) -> Standard:
    """Without a second tier, and without a rule about repeats."""
    first = standard.rules[0].model_copy(update={"when": RuleCondition()})
    return standard.model_copy(update={"rules": (first,), "tier2": None})


def test_an_offence_without_a_standard_is_passed_over_by_items_that_fit_it() -> None:
    bare = {
        name: file.model_copy(
            update={"standards": tuple(one for one in file.standards if one.offence != "214")}
        )
        for name, file in PARSED.items()
    }
    thresholds = Thresholds(bare, LAW.clocks)
    found = thresholds.assess(Figures(), None, ActDays.on(NOW), items=(sold_marks(),))
    assert (found.verdict, found.offence) == (Verdict.WATCH, "")


# --- which version


def versions() -> tuple[Standard, ...]:
    """Of 2010 to 2014 and of 2020 to 2024, newest first: between and behind them is none."""
    (plain, *_) = (one for one in LAW.thresholds.standards.versions["213"])
    spans = [((2020, 1, 1), (2024, 12, 31)), ((2010, 1, 1), (2014, 12, 31))]
    return tuple(
        plain.model_copy(
            update={
                "effective_from": dt.date(*since),
                "effective_to": dt.date(*until),
                "offence_from": None,
            }
        )
        for since, until in spans
    )


@pytest.mark.parametrize(
    ("day", "today", "version", "lighter"),
    [
        ((2017, 1, 1), (2021, 1, 1), 2020, ""),
        ((2017, 1, 1), (2026, 1, 1), 2020, ""),
        ((2012, 1, 1), (2026, 1, 1), 2010, ""),
        ((2009, 1, 1), (2026, 1, 1), 2010, "unknown"),
        ((2009, 1, 1), (2021, 1, 1), 2010, "unknown"),
    ],
)
def test_an_act_in_a_gap_is_judged_by_todays_text_and_one_before_all_by_the_first(
    day: tuple[int, int, int], today: tuple[int, int, int], version: int, lighter: str
) -> None:
    matter = assessed(dt.date(*day), dt.date(*today), illegal_gains=60_000)
    found = Outcomes(list(PARSED.values()), {"213": "trademark"}).lighter(versions(), matter)
    assert (found.standard.effective_from.year, found.lighter) == (version, lighter)


def assessed(day: dt.date, today: dt.date, **given: int) -> AssessedMatter:
    return AssessedMatter(figures(**given), ActDays.on(day), (), today)


def test_an_act_before_every_text_is_held_against_the_first_one_and_says_so() -> None:
    found = assess("215", dt.date(2003, 1, 1), today=NOW, item_count=10_000)
    first = LAW.thresholds.standards.versions["215"][-1]
    assert (found.version, found.lighter, found.tier) == (str(first.effective_from), "", 0)
    assert found.steps[1] == "没有 2003-01-01 当时的标准，以已知最早的标准代替"


def test_the_steps_name_the_tier_of_either_law() -> None:
    before = dt.date(2025, 4, 25)
    milder_now = assess("213", before, today=NOW, illegal_gains=150_000)
    assert milder_now.steps_en[1] == (
        "today's law (tier 1) is lighter than that of the act (tier 2): it applies"
    )
    milder_then = assess("215", before, today=NOW, item_count=10_000)
    assert milder_then.steps_en[1] == (
        "the law of the act (no standard) is no heavier than today's (tier 1): it applies"
    )


# --- what decided


def test_of_two_that_reach_the_second_tier_the_higher_share_decides() -> None:
    found = assess("213", illegal_gains=300_000, illegal_business_amount=5_000_000)
    assert (found.tier, found.metric) == (2, "illegal_business_amount")
    found = assess("213", illegal_gains=3_000_000, illegal_business_amount=500_000)
    assert (found.tier, found.metric) == (2, "illegal_gains")


def test_a_punishment_that_lifted_nothing_over_a_standard_is_not_named() -> None:
    found = assess("214", prior=repeat("214"), sales_amount=29_999)
    assert (found.tier, found.sanctions) == (0, ())


def test_where_nothing_is_known_nothing_is_said_to_decide() -> None:
    found = assess("214", suspicion=True).to_json()
    assert {name: found[name] for name in ("rule", "metric", "value", "needed")} == {
        "rule": "",
        "metric": "",
        "value": 0,
        "needed": 0,
    }


def test_no_offence_is_no_word() -> None:
    assert assess(None, families=frozenset(), suspicion=True).offence == ""


# --- totals and items


@pytest.mark.parametrize(
    ("families", "verdict"),
    [
        (COPYRIGHT, Verdict.TRANSFER_ON_SUSPICION),
        (COPYRIGHT | MARKS, Verdict.WATCH),
        (None, Verdict.WATCH),
    ],
)
def test_totals_of_several_families_are_never_held_together(
    families: frozenset[str] | None, verdict: Verdict
) -> None:
    halves = figures(copy_count=250, work_count=250)
    found = LAW.thresholds.assess(halves, None, ActDays.on(NOW), families=families)
    assert found.verdict is verdict


def test_a_crime_by_conduct_is_not_assumed_of_a_right_alone() -> None:
    found = assess(None, families=frozenset({"trade_secret"}), loss_amount=10)
    assert (found.verdict, found.offence) == (Verdict.WATCH, "219")
    # Nor would it be if no row asked for the act to be stated.
    unstated = Standards(PARSED, frozenset())
    assert list(unstated.asked(Figures(), None, frozenset({"trade_secret"}))) == ["219"]


def test_items_of_a_named_offence_do_not_say_that_they_count_as_named() -> None:
    assert any("视同已列明罪名" in one for one in judged(sold_marks()).steps)
    assert not any("视同已列明罪名" in one for one in judged(sold_marks(), offence="214").steps)


def test_without_items_the_families_of_the_rights_are_shown() -> None:
    assert LAW.thresholds.families_shown((), MARKS) == MARKS
    assert LAW.thresholds.families_shown((sold_marks(),), None) == MARKS


# --- bars and fines


def test_a_suspicion_is_watched_once_all_that_it_may_be_is_barred() -> None:
    old = assess("214", dt.date(2005, 1, 1), today=NOW, suspicion=True)
    assert old.verdict is Verdict.WATCH
    assert old.limitation.startswith("中华人民共和国刑法 第八十七条")
    assert assess("214", NOW - DAY, today=NOW, suspicion=True).limitation == ""


@pytest.mark.parametrize(
    ("given", "basis"),
    [
        ({"illegal_gains": 40_000}, "illegal_gains"),
        ({"illegal_business_amount": 60_000}, "illegal_business_amount"),
        ({"copy_count": 500}, ""),
    ],
)
def test_a_fine_says_from_what_and_by_which_article_it_follows(
    given: dict[str, int], basis: str
) -> None:
    found = LAW.thresholds.fines.range(figures(**given), 1, NOW)
    assert found is not None
    assert (found.basis, found.citation.endswith("第二十五条")) == (basis, True)

"""The standards of 213 to 219-1 as the texts have them (figures in yuan or pieces)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from casebus.law import Law, LawError
from casebus.law.assessment import Assessment, Verdict
from casebus.law.figures import ActDays, Figures, Sanction, offence_of
from casebus.law.threshold_models import MONEY
from tests.case_events import LAW
from tests.unit.law.test_law import FILES

NOW = dt.date(2026, 3, 2)
MARKS = Sanction("trademark", dt.date(2025, 1, 10), "administrative", id="earlier")
FAMILIES = {"213": "trademark", "216": "patent", "217": "copyright", "219": "trade_secret"}


def figures(**given: int | bool) -> Figures:
    """Money in yuan."""
    return Figures(**{k: v * 100 if k in MONEY else v for k, v in given.items()})  # type: ignore[arg-type]


def assess(
    offence: str | None,
    day: dt.date = NOW,
    prior: tuple[Sanction, ...] = (),
    *,
    today: dt.date | None = None,
    families: frozenset[str] | None = None,
    **given: int | bool,
) -> Assessment:
    return LAW.thresholds.assess(
        figures(**given), offence, ActDays.on(day), prior, today=today, families=families
    )


def repeat(offence: str, day: dt.date = dt.date(2025, 1, 10)) -> tuple[Sanction, ...]:
    family = LAW.thresholds.standards.family_of[offence]
    return (Sanction(family, day, "administrative", id="earlier"),)


#: offence, repeat, metric, first tier, second tier (0: none), other figures.
TABLE_2025: list[tuple[str, bool, str, int, int, dict[str, int]]] = [
    ("213", False, "illegal_gains", 30_000, 300_000, {}),
    ("213", False, "illegal_business_amount", 50_000, 500_000, {}),
    ("213", False, "illegal_gains", 20_000, 200_000, {"right_sources": 2}),
    ("213", False, "illegal_business_amount", 30_000, 300_000, {"right_sources": 2}),
    ("213", True, "illegal_gains", 20_000, 200_000, {}),
    ("213", True, "illegal_business_amount", 30_000, 300_000, {}),
    ("213", False, "service_gains", 50_000, 500_000, {}),
    ("213", False, "service_gains", 30_000, 300_000, {"right_sources": 2}),
    ("213", True, "service_gains", 30_000, 300_000, {}),
    ("213", False, "service_gains", 21_000, 471_000, {"illegal_gains": 29_000}),
    ("214", False, "illegal_gains", 30_000, 300_000, {}),
    ("214", False, "sales_amount", 50_000, 500_000, {}),
    ("214", True, "illegal_gains", 20_000, 200_000, {}),
    ("214", True, "sales_amount", 30_000, 300_000, {}),
    ("214", False, "goods_value", 150_000, 1_500_000, {}),
    ("214", True, "goods_value", 90_000, 900_000, {}),
    ("214", False, "goods_value", 101_000, 1_451_000, {"sales_amount": 49_000}),
    ("215", False, "item_count", 10_000, 50_000, {}),
    ("215", False, "illegal_gains", 20_000, 100_000, {}),
    ("215", False, "illegal_business_amount", 30_000, 150_000, {}),
    ("215", True, "item_count", 5_000, 25_000, {}),
    ("215", False, "illegal_gains", 10_000, 50_000, {"right_sources": 2}),
    ("215", False, "illegal_business_amount", 20_000, 100_000, {"right_sources": 2}),
    ("215", False, "unsold_count", 30_000, 150_000, {}),
    ("215", False, "unsold_count", 21_000, 141_000, {"item_count": 9_000}),
    ("216", False, "illegal_gains", 100_000, 0, {}),
    ("216", False, "illegal_business_amount", 200_000, 0, {}),
    ("216", False, "loss_amount", 300_000, 0, {}),
    ("216", False, "illegal_gains", 50_000, 0, {"right_numbers": 2}),
    ("216", True, "illegal_business_amount", 100_000, 0, {}),
    ("217", False, "illegal_gains", 30_000, 300_000, {}),
    ("217", False, "illegal_business_amount", 50_000, 500_000, {}),
    ("217", True, "illegal_gains", 20_000, 200_000, {}),
    ("217", True, "illegal_business_amount", 30_000, 300_000, {}),
    ("217", False, "copy_count", 500, 5_000, {}),
    ("217", False, "work_count", 500, 5_000, {}),
    ("217", False, "download_count", 10_000, 100_000, {}),
    ("217", False, "click_count", 100_000, 1_000_000, {}),
    ("217", False, "member_count", 1_000, 10_000, {}),
    ("217", False, "copy_count", 250, 5_000, {"work_count": 250}),
    ("217", False, "copy_count", 250, 5_000, {"illegal_business_amount": 25_000}),
    ("218", False, "illegal_gains", 50_000, 0, {}),
    ("218", False, "sales_amount", 100_000, 0, {}),
    ("218", True, "illegal_gains", 30_000, 0, {}),
    ("218", True, "sales_amount", 50_000, 0, {}),
    ("218", False, "copy_count", 1_000, 0, {}),
    ("218", False, "goods_value", 300_000, 0, {}),
    ("218", True, "goods_value", 150_000, 0, {}),
    ("218", False, "unsold_count", 3_000, 0, {}),
    ("218", False, "unsold_count", 2_001, 0, {"copy_count": 999}),
    ("219", False, "loss_amount", 300_000, 3_000_000, {}),
    ("219", False, "illegal_gains", 300_000, 3_000_000, {}),
    ("219", True, "loss_amount", 100_000, 1_000_000, {}),
    ("219", True, "illegal_gains", 100_000, 1_000_000, {}),
]


@pytest.mark.parametrize(("offence", "repeated", "metric", "first", "second", "more"), TABLE_2025)
def test_each_amount_of_2025_counts_from_the_number_itself(
    *, offence: str, repeated: bool, metric: str, first: int, second: int, more: dict[str, Any]
) -> None:
    prior = repeat(offence) if repeated else ()

    def at(value: int) -> Assessment:
        return assess(offence, prior=prior, **{metric: value, **more})

    assert (at(first - 1).verdict, at(first - 1).tier) == (Verdict.WATCH, 0)
    assert (at(first).verdict, at(first).tier) == (Verdict.MUST_TRANSFER, 1)
    if second:
        assert (at(second - 1).tier, at(second).tier) == (1, 2)
    else:
        assert at(first * 1000).tier == 1


OLD = dt.date(2010, 6, 1)
#: offence, day of the act, metric, first tier, second tier, other figures.
TABLE_OLD: list[tuple[str, dt.date, str, int, int, dict[str, int]]] = [
    ("213", OLD, "illegal_business_amount", 50_000, 250_000, {}),
    ("213", OLD, "illegal_gains", 30_000, 150_000, {}),
    ("213", OLD, "illegal_business_amount", 30_000, 150_000, {"right_numbers": 2}),
    ("213", OLD, "illegal_gains", 20_000, 100_000, {"right_numbers": 2}),
    ("214", OLD, "sales_amount", 50_000, 250_000, {}),
    ("214", dt.date(2011, 1, 10), "goods_value", 150_000, 250_000, {}),
    ("215", OLD, "item_count", 20_000, 100_000, {}),
    ("215", OLD, "item_count", 10_000, 50_000, {"right_numbers": 2}),
    ("216", OLD, "loss_amount", 500_000, 0, {}),
    ("217", dt.date(2007, 4, 4), "copy_count", 1_000, 5_000, {}),
    ("217", dt.date(2007, 4, 5), "copy_count", 500, 2_500, {}),
    ("217", dt.date(2011, 1, 10), "click_count", 50_000, 250_000, {}),
    ("218", OLD, "illegal_gains", 100_000, 0, {}),
    ("219", dt.date(2020, 9, 13), "loss_amount", 500_000, 2_500_000, {}),
    ("219", dt.date(2020, 9, 14), "loss_amount", 300_000, 2_500_000, {}),
    ("219", dt.date(2020, 9, 14), "illegal_gains", 300_000, 2_500_000, {}),
]


@pytest.mark.parametrize(("offence", "day", "metric", "first", "second", "more"), TABLE_OLD)
def test_each_former_amount_judges_the_acts_of_its_time(
    *, offence: str, day: dt.date, metric: str, first: int, second: int, more: dict[str, Any]
) -> None:
    # On the day itself: no later law is known yet.
    def at(value: int) -> Assessment:
        return assess(offence, day, **{metric: value, **more})

    assert (at(first - 1).tier, at(first).tier) == (0, 1)
    assert not second or (at(second - 1).tier, at(second).tier) == (1, 2)


def test_marks_of_one_source_are_one_mark() -> None:
    one = assess("213", illegal_gains=20_000, right_numbers=3, right_sources=1)
    two = assess("213", illegal_gains=20_000, right_numbers=3, right_sources=2)
    assert (one.verdict, two.rule) == (Verdict.WATCH, "two_marks")


def test_what_is_sold_is_added_only_below_its_own_standard() -> None:
    below = assess("214", sales_amount=21_000, goods_value=168_000)
    assert (below.verdict, below.rule, below.value) == (
        Verdict.MUST_TRANSFER,
        "base+unsold",
        18_900_000,
    )
    assert "第五条第一款第三项" in below.citation
    above = assess("214", sales_amount=50_000, goods_value=120_000)
    assert (above.rule, above.value) == ("base", 5_000_000)


def test_two_halves_must_be_of_two_items_of_the_list() -> None:
    assert assess("217", download_count=5_000, click_count=50_000).tier == 0
    assert assess("217", illegal_gains=15_000, copy_count=250).tier == 0
    both = assess("217", illegal_business_amount=25_000, click_count=50_000)
    assert (both.tier, both.rule) == (1, "half")


def test_circumvention_counts_no_copies() -> None:
    assert assess("217", copy_count=5_000, circumvention=True).tier == 0
    found = assess("217", illegal_gains=30_000, circumvention=True)
    assert (found.offence, found.tier) == ("217/circumvention", 1)


def test_a_closed_business_is_the_second_tier_whatever_the_loss() -> None:
    assert assess("219", owner_closed=True).tier == 2


def test_secrets_for_those_abroad_need_no_amount() -> None:
    assert (assess("219-1").verdict, assess("219-1").tier) == (Verdict.MUST_TRANSFER, 1)
    assert assess("219-1", loss_amount=300_000).tier == 2


def test_an_act_before_its_offence_was_one_is_watched() -> None:
    early = assess("219-1", dt.date(2021, 2, 28), today=NOW)
    assert early.verdict is Verdict.WATCH
    assert "尚无此规定" in early.steps[1]
    assert assess("219-1", dt.date(2021, 3, 1), today=NOW).verdict is Verdict.MUST_TRANSFER


@pytest.mark.parametrize(
    ("decided", "first", "last", "counts"),
    [
        ("2024-03-02", "2026-03-02", "2026-03-02", True),
        ("2024-03-01", "2026-03-02", "2026-03-02", False),
        ("2024-03-01", "2026-02-20", "2026-03-20", True),
        ("2026-03-02", "2026-03-01", "2026-03-02", False),
        ("2026-03-01", "2026-03-01", "2026-03-02", True),
        ("2024-02-29", "2026-02-28", "2026-02-28", True),
        ("2024-02-29", "2026-03-01", "2026-03-01", False),
    ],
)
def test_a_repeat_follows_its_punishment_within_two_years(
    decided: str, first: str, last: str, counts: bool
) -> None:
    prior = Sanction("trademark", dt.date.fromisoformat(decided), "criminal", id="judgment")
    acts = ActDays(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    found = LAW.thresholds.assess(figures(sales_amount=30_000), "214", acts, [prior])
    assert (found.tier == 1) is counts
    assert found.sanctions == (("judgment",) if counts else ())


def test_a_punishment_of_another_family_is_no_repeat() -> None:
    assert assess("217", prior=(MARKS,), illegal_gains=20_000).tier == 0


CHANGE = dt.date(2025, 4, 26)


def test_an_act_up_to_the_last_day_of_the_old_law_gets_the_lighter_of_both() -> None:
    before, on = CHANGE - dt.timedelta(days=1), CHANGE
    # 300,000 gains were the second tier, and are the first since.
    old = assess("213", before, today=NOW, illegal_gains=150_000)
    assert (old.tier, old.lighter, old.version) == (1, "new", "2025-04-26")
    assert assess("213", before, today=before, illegal_gains=150_000).tier == 2
    assert assess("213", on, today=NOW, illegal_gains=150_000).lighter == ""
    # 10,000 labels were none, and are the first tier since.
    labels = assess("215", before, today=NOW, item_count=10_000)
    assert (labels.verdict, labels.lighter, labels.version) == (
        Verdict.WATCH,
        "old",
        "2011-01-10",
    )
    assert assess("215", on, item_count=10_000).tier == 1


def test_acts_that_go_on_into_the_new_law_are_judged_by_it() -> None:
    acts = ActDays(dt.date(2024, 1, 1), CHANGE)
    found = LAW.thresholds.assess(figures(item_count=10_000), "215", acts, today=NOW)
    assert (found.tier, found.lighter) == (1, "")


def test_an_act_before_every_known_text_says_so() -> None:
    found = assess("213", dt.date(2003, 1, 1), illegal_gains=30_000)
    assert found.tier == 1
    assert "没有 2003-01-01 当时的标准" in found.steps[1]


def test_an_organisation_had_three_times_the_standard_until_april_2007() -> None:
    for day, tier in ((dt.date(2007, 4, 4), 0), (dt.date(2007, 4, 5), 1)):
        assert assess("214", day, sales_amount=60_000, organisation=True).tier == tier


def test_a_suspicion_of_an_officer_is_enough_to_transfer() -> None:
    assert assess("214", suspicion=True).verdict is Verdict.TRANSFER_ON_SUSPICION
    assert assess(None, suspicion=True).verdict is Verdict.TRANSFER_ON_SUSPICION


def test_totals_without_an_offence_are_a_suspicion_at_most() -> None:
    trademark = frozenset({"trademark"})
    below = assess(None, families=trademark, illegal_business_amount=30_000)
    assert (below.verdict, below.offence) == (Verdict.WATCH, "213")
    for amount in (50_000, 10**9):
        found = assess(None, families=trademark, illegal_business_amount=amount)
        assert (found.verdict, found.unknown) == (Verdict.TRANSFER_ON_SUSPICION, ("act",))


def test_an_article_without_a_standard_is_watched() -> None:
    assert assess("225", illegal_gains=10**9).verdict is Verdict.WATCH


def test_unpunished_acts_add_up_while_they_may_be_prosecuted() -> None:
    acts = [
        ("2025", ActDays.on(dt.date(2025, 6, 1))),
        ("now", ActDays.on(NOW)),
        ("2021", ActDays.on(dt.date(2021, 3, 1))),
    ]
    assert LAW.thresholds.accumulation.unlimited(acts, NOW) == ["2025", "now"]
    assert LAW.thresholds.accumulation.unlimited(acts, dt.date(2026, 3, 1)) == [
        "2025",
        "now",
        "2021",
    ]


@pytest.mark.parametrize(
    ("given", "tier", "low", "high"),
    [
        ({"illegal_gains": 40_000}, 1, 40_000, 400_000),
        ({"illegal_business_amount": 60_000}, 1, 30_000, 60_000),
        ({"sales_amount": 40_000, "goods_value": 20_000}, 1, 30_000, 60_000),
        ({"copy_count": 500}, 1, 30_000, 1_000_000),
        ({"copy_count": 5_000}, 2, 150_000, 5_000_000),
    ],
)
def test_the_fine_follows_article_25(given: dict[str, int], tier: int, low: int, high: int) -> None:
    found = LAW.thresholds.fines.range(figures(**given), tier, NOW)
    assert found is not None
    assert (found.low, found.high) == (low * 100, high * 100)


def test_the_former_fine_went_to_five_times_the_gains() -> None:
    found = LAW.thresholds.fines.range(figures(illegal_gains=40_000), 1, dt.date(2024, 1, 1))
    assert found is not None
    assert found.high == 20_000_000


def test_the_steps_can_be_read_and_checked() -> None:
    found = assess("214", sales_amount=21_000, goods_value=168_000)
    text = LAW.thresholds.standards.versions["214"][0].source
    version, sold, together, so, fine = found.steps_en
    assert version.startswith("acts 2026-03-02 to 2026-03-02, by the standard since 2025-04-26")
    assert version.endswith(f"Selling counterfeit goods, {text} 第五条")
    assert sold == "sales amount 21,000.00元 < 50,000.00元 (第五条第一款第一项)"
    assert together.startswith("sales amount below its standard, with value of unsold goods")
    assert together.endswith("189,000.00元 >= 150,000.00元 (第五条第一款第三项)")
    assert so.startswith("So: must be transferred (行政执法机关移送涉嫌犯罪案件的规定")
    assert so.endswith("第三条第一款), tier 1")
    assert fine.startswith("the fine is usually 94,500.00元 to 189,000.00元")
    assert len(found.steps) == len(found.steps_en)


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("214", "214"),
        ("219-1", "219-1"),
        ("刑法第二百一十四条", "214"),
        ("第二百一十九条之一", "219-1"),
        ("《刑法》第213条第一款", "213"),
        ("", None),
        ("2140", None),
    ],
)
def test_an_offence_is_read_as_people_write_it(text: str, offence: str | None) -> None:
    assert offence_of(text) == offence


def changed(change: Callable[[Any], None]) -> dict[str, bytes]:
    name = "thresholds/2025.yaml"
    parsed = yaml.safe_load(FILES[name])
    change(parsed)
    return {**FILES, name: yaml.safe_dump(parsed, allow_unicode=True).encode()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p["standards"][0]["rules"][0]["any"].update(illegal_gains=30000), "unit 元"),
        (lambda p: p["standards"][0]["rules"][0]["any"].update(illegal_gains="3万件"), "unit 元"),
        (lambda p: p["standards"][0]["rules"][0]["any"].update(illegal_gains="0元"), "nothing"),
        (lambda p: p["standards"][0]["rules"][0]["any"].update(profit="3万元"), "no metric"),
        (lambda p: p["standards"][0]["rules"][0].update(any={}), "at least 1"),
        (lambda p: p["standards"][0].pop("article"), "article"),
        (lambda p: p["standards"][0].pop("source"), "source"),
        (lambda p: p["standards"][0].update(confidence="sure"), "confidence"),
        (lambda p: p["standards"][0].update(effective_from="2024-01-01"), "overlap"),
        (lambda p: p["standards"][0].update(offence="220"), "no family"),
        (lambda p: p["standards"][2]["unsold"].update(of=["none"]), "no rule none"),
        (lambda p: p["standards"][0].update(tier2={"article": "x"}), "times, rules or both"),
        (lambda p: p["standards"][0].update(surprise=1), "surprise"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_reason(
    change: Callable[[Any], None], said: str
) -> None:
    with pytest.raises(LawError, match=said):
        Law(changed(change))


def test_an_assessment_is_told_field_by_field_as_the_catalogue_names_them() -> None:
    found = assess(
        "214", prior=repeat("214"), sales_amount=60_000, goods_value=168_000, illegal_gains=21_000
    )
    text = LAW.thresholds.standards.versions["214"][0].source
    assert found.fine is not None
    assert found.to_json() == {
        "verdict": "MUST_TRANSFER",
        "tier": 1,
        "offence": "214",
        "title": "销售假冒注册商标的商品罪",
        "title_en": "Selling counterfeit goods",
        "rule": "repeated",
        "metric": "sales_amount",
        "value": 6_000_000,
        "needed": 3_000_000,
        "figures": {
            "goods_value": 16_800_000,
            "illegal_gains": 2_100_000,
            "sales_amount": 6_000_000,
        },
        "citation": f"{text} 第五条第一款第二项",
        "version": "2025-04-26",
        "confidence": "V-I",
        "lighter": "",
        "sanctions": ["earlier"],
        "fine": {
            "low": 2_100_000,
            "high": 21_000_000,
            "basis": "illegal_gains",
            "citation": f"{text} 第二十五条",
        },
        "unknown": [],
        "limitation": "",
        "steps": list(found.steps),
        "steps_en": list(found.steps_en),
    }


def test_what_can_be_prosecuted_no_more_is_watched_by_the_law_that_says_so() -> None:
    found = assess("214", dt.date(2012, 1, 1), today=NOW, sales_amount=60_000).to_json()
    assert (found["verdict"], found["tier"], found["lighter"]) == ("WATCH", 1, "old")
    assert found["limitation"] == "中华人民共和国刑法 第八十七条第一项"


def test_what_is_not_known_of_an_unnamed_offence_is_told_once_a_standard_is_reached() -> None:
    marks = frozenset({"trademark"})
    assert assess(None, families=marks, sales_amount=60_000).to_json()["unknown"] == ["act"]
    assert assess(None, families=marks, sales_amount=20).to_json()["unknown"] == []
    assert assess(None, families=marks, sales_amount=20).to_json()["fine"] is None


def test_of_an_article_without_a_standard_this_is_said_and_a_suspicion_stands() -> None:
    watched = assess("999", item_count=1)
    assert (watched.verdict, watched.offence) == (Verdict.WATCH, "999")
    assert watched.steps == ("没有适用于第999条的标准",)
    assert watched.steps_en == ("no standard is known for article 999",)
    assert assess("999", suspicion=True).verdict is Verdict.TRANSFER_ON_SUSPICION

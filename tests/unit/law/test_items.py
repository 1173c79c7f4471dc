"""Items: which act against which right is which offence, what is sure of it and what is not."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from casebus.law.assessment import RANK, Assessment, Verdict
from casebus.law.figures import ActDays, Figures
from casebus.law.items import GoodsItem
from tests.case_events import LAW

DAY = dt.date(2026, 3, 2)
FITS = [one for one in LAW.thresholds.fits.rows if one.effective_to is None]
RIGHTS = sorted({right for one in FITS for right in one.rights})
NO_CRIME = ["PLANT_VARIETY", "LAYOUT_DESIGN", "GEOGRAPHICAL_INDICATION", "OTHER"]
ACTS = sorted(LAW.thresholds.fits.acts)
ALL_KNOWN = {"same_mark": True, "same_goods": True, "knowing": True, "for_profit": True}


def item(right: str, act: str = "", yuan: int = 60_000, **more: Any) -> GoodsItem:
    elements = {**ALL_KNOWN, "permitted": False, **more.pop("elements", {})}
    known = tuple((name, value) for name, value in elements.items() if value is not None)
    return GoodsItem(right=right, act=act, amount=yuan * 100, elements=known, **more)


def assess(*items: GoodsItem, offence: str | None = None, day: dt.date = DAY) -> Assessment:
    return LAW.thresholds.assess(
        Figures(), offence, ActDays.on(day), today=max(day, DAY), items=items
    )


def weight(found: Assessment) -> int:
    return RANK[found.verdict]


def test_items_and_known_elements_that_fit_one_offence_count_as_named() -> None:
    found = assess(item("TRADEMARK", "sells", sold=True))
    assert (found.verdict, found.offence, found.metric) == (
        Verdict.MUST_TRANSFER,
        "214",
        "sales_amount",
    )
    assert any("视同已列明罪名" in step for step in found.steps)


def test_unsold_goods_are_held_against_three_times_the_sales() -> None:
    assert assess(item("TRADEMARK", "sells", 60_000)).verdict is Verdict.WATCH
    assert assess(item("TRADEMARK", "sells", 150_000)).verdict is Verdict.MUST_TRANSFER
    assert assess(item("TRADEMARK", "makes", 50_000)).offence == "213"


@pytest.mark.parametrize("element", ["same_mark", "same_goods", "knowing", "permitted"])
def test_an_unknown_element_leaves_a_suspicion_and_is_named(element: str) -> None:
    found = assess(item("TRADEMARK", "sells", 10**6, elements={element: None}))
    assert (found.verdict, found.unknown) == (Verdict.TRANSFER_ON_SUSPICION, (element,))
    assert any("尚不清楚" in step for step in found.steps)


@pytest.mark.parametrize(
    ("element", "value"),
    [("same_mark", False), ("same_goods", False), ("knowing", False), ("permitted", True)],
)
def test_what_the_crime_turns_on_and_is_not_so_makes_it_none(element: str, value: bool) -> None:
    for offence in (None, "214"):
        found = assess(
            item("TRADEMARK", "sells", 10**6, elements={element: value}), offence=offence
        )
        assert found.verdict is Verdict.WATCH


def test_each_pair_of_right_and_act_is_the_offence_that_the_rows_say_and_no_other() -> None:
    for right, act in itertools.product([*RIGHTS, *NO_CRIME], ACTS):
        offences = {one.offence for one in FITS if right in one.rights and act in one.acts}
        found = assess(
            item(right, act, 10**8, quantity=10**7, loss=10**10, gains=10**10, sold=True)
        )
        expected = (
            Verdict.WATCH
            if not offences
            else Verdict.MUST_TRANSFER
            if len(offences) == 1
            else Verdict.TRANSFER_ON_SUSPICION
        )
        assert found.verdict is expected, (right, act, found)
        assert not offences or found.offence.partition("/")[0] in offences


@pytest.mark.parametrize("right", ["INVENTION", "UTILITY_MODEL", "DESIGN"])
def test_who_uses_a_patent_does_not_pass_one_off(right: str) -> None:
    for act in ("", "uses", "makes", "sells", "imports", "unheard_of"):
        assert assess(item(right, act, 10**8)).verdict is Verdict.WATCH
    assert assess(item(right, "passes_off", 10**6)).offence == "216"


@pytest.mark.parametrize("right", NO_CRIME)
def test_a_right_of_no_criminal_family_is_held_against_no_crime(right: str) -> None:
    assert assess(item(right, "sells", 10**8)).verdict is Verdict.WATCH
    totals = LAW.thresholds.assess(
        Figures(goods_value=30_000_000), None, ActDays.on(DAY), families=frozenset()
    )
    assert totals.verdict is Verdict.WATCH


def test_things_of_two_kinds_make_no_two_halves() -> None:
    copies = item("COPYRIGHT", "copies", 0, quantity=300, unit="copies")
    goods = item("TRADEMARK", "makes", 40_000)
    assert assess(copies, goods).verdict is Verdict.WATCH
    half = item("COPYRIGHT", "copies", 25_000, quantity=300, unit="copies")
    assert assess(half).verdict is Verdict.MUST_TRANSFER


def test_a_named_offence_takes_what_does_not_contradict_it() -> None:
    unknown = GoodsItem(right="TRADEMARK", amount=6_000_000, sold=True)
    found = assess(unknown, offence="214")
    assert (found.verdict, found.unknown) == (Verdict.MUST_TRANSFER, ())
    assert assess(item("DESIGN", "uses", 10**8), offence="214").verdict is Verdict.WATCH


def test_selling_copies_was_distributing_them_until_2025() -> None:
    sells = item("COPYRIGHT", "sells", 10**6, sold=True)
    assert assess(sells).offence == "218"
    old = assess(sells, day=dt.date(2025, 4, 25))
    assert (old.verdict, "several" in old.unknown) == (Verdict.TRANSFER_ON_SUSPICION, True)


@pytest.mark.parametrize(
    ("last", "offence", "yuan", "verdict"),
    [
        ("2008-06-01", "213", 60_000, Verdict.WATCH),
        ("2021-03-02", "213", 60_000, Verdict.MUST_TRANSFER),
        ("2021-03-01", "213", 60_000, Verdict.WATCH),
        # 三年以上七年以下: ten years; since 2021 ten years of prison: fifteen.
        ("2016-03-02", "213", 600_000, Verdict.MUST_TRANSFER),
        ("2016-03-01", "213", 600_000, Verdict.WATCH),
        ("2010-12-01", "213", 10**8, Verdict.WATCH),
    ],
)
def test_what_can_be_prosecuted_no_more_accuses_nobody(
    last: str, offence: str, yuan: int, verdict: Verdict
) -> None:
    day = dt.date.fromisoformat(last)
    found = LAW.thresholds.assess(
        Figures(illegal_business_amount=yuan * 100),
        offence,
        ActDays(day, day),
        today=dt.date(2026, 3, 2),
    )
    assert found.verdict is verdict
    assert bool(found.limitation) is (verdict is Verdict.WATCH)
    if found.limitation:
        assert "第八十七条" in found.limitation
        assert any("追诉期限" in step for step in found.steps)


def test_the_ground_of_a_verdict_is_the_law_of_the_day() -> None:
    early = LAW.thresholds.assess(
        Figures(suspicion=True), "214", ActDays.on(dt.date(2019, 5, 1)), today=dt.date(2019, 6, 1)
    )
    assert early.verdict is Verdict.TRANSFER_ON_SUSPICION
    assert not any("第三条第二款" in step for step in early.steps)
    late = assess(item("TRADEMARK", "sells", 10**6, elements={"knowing": None}))
    assert any("第三条第二款" in step for step in late.steps)


def _some(rng: random.Random) -> GoodsItem:
    return GoodsItem(
        right=rng.choice([*RIGHTS, *NO_CRIME]),
        act=rng.choice([*ACTS, "", ""]),
        holder=rng.choice(["", "甲", "乙"]),
        number=rng.choice(["", "1", "2"]),
        sold=rng.choice([None, True, False]),
        service=rng.random() < 0.1,
        quantity=rng.choice([None, rng.randint(0, 20_000)]),
        unit=rng.choice(["pieces", "labels", "copies", "works", "clicks"]),
        amount=rng.choice([None, rng.randint(100_000, 100_000_000)]),
        gains=rng.choice([None, None, rng.randint(0, 50_000_000)]),
        loss=rng.choice([None, None, rng.randint(0, 50_000_000)]),
        elements=tuple(
            (name, rng.random() < 0.8)
            for name in ("same_mark", "same_goods", "knowing", "for_profit")
            if rng.random() < 0.8
        )
        + ((("permitted", rng.random() < 0.1),) if rng.random() < 0.8 else ()),
    )


def _split(one: GoodsItem, rng: random.Random) -> tuple[GoodsItem, GoodsItem]:
    share = rng.random()
    mine: dict[str, int | None] = {}
    rest: dict[str, int | None] = {}
    for name in ("quantity", "amount", "gains", "loss"):
        whole = getattr(one, name)
        mine[name] = None if whole is None else int(whole * share)
        rest[name] = None if whole is None else whole - int(whole * share)
    return replace(one, **mine), replace(one, **rest)  # type: ignore[arg-type]


@pytest.mark.slow
def test_order_and_splitting_change_nothing_and_less_never_weighs_heavier() -> None:
    for seed in range(2_000):
        rng = random.Random(seed)
        items = [_some(rng) for _ in range(rng.randint(1, 5))]
        found = assess(*items)
        shuffled = rng.sample(items, len(items))
        assert assess(*shuffled) == found, seed
        parts = [part for one in items for part in _split(one, rng)]
        assert assess(*parts) == found, seed
        less = [
            replace(one, amount=None if one.amount is None else one.amount // 2) for one in items
        ]
        assert weight(assess(*less)) <= weight(found), seed


def test_nothing_unnamed_with_more_than_one_fitting_offence_must_be_transferred() -> None:
    for seed in range(2_000):
        one = _some(random.Random(seed))
        fitting = {
            fit.asked
            for fit in FITS
            if one.right in fit.rights and (one.act in fit.acts or (not one.act and not fit.stated))
        }
        found = assess(one)
        if len(fitting) > 1 or not one.act:
            assert found.verdict is not Verdict.MUST_TRANSFER, seed
        if not fitting:
            assert found.verdict is Verdict.WATCH, seed

"""Forms of every act: what the law requires stands on them, and no value breaks out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from casebus.events.avro_types import EnumType, definitions
from casebus.law.acts import Need
from gateway.console.forms import (
    FieldError,
    Form,
    edited,
    form_of,
    opened,
    read,
    recipients,
    values_of,
    wrongs_of,
)
from gateway.console.forms.fields import AnyField, TextField
from gateway.console.forms.texts import english_symbols, symbols_of
from gateway.work.requirements import _place
from tests.console_forms import ROOT, Page, events, form, needs, rendered, schemas, stored

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
HAN = re.compile("[一-鿿]")
HOSTILE = [
    "<script>alert(1)</script>",
    '" onfocus="alert(1)" autofocus x="',
    "</textarea><img src=x onerror=alert(1)>",
    "\u202eevil\u2066 \u2069",
    "{{ 7 * 7 }}",
    "😀" * 10,
    "长" * 10_000,
]


def test_every_act_is_known() -> None:
    assert len(events()) > 200


@pytest.mark.slow
def test_a_form_of_every_act_is_whole_and_says_nothing_when_nobody_filled_it_in() -> None:
    for number, event in enumerate(events()):
        one = form(event, ("zh", "en")[number % 2])
        page = Page(rendered(one))
        ids = page.ids()
        assert len(ids) == len(set(ids)), event
        for tag, given in page.tags:
            tied = (given.get("aria-describedby") or "").split()
            assert set(tied) <= set(ids), (event, given)
            assert tag not in {"script", "style"}
            assert not any(name == "style" or name.startswith("on") for name in given)
        labels = {given["for"] for given in page.named("label")}
        inputs = [*page.named("input"), *page.named("select"), *page.named("textarea")]
        assert {g["id"] for g in inputs if g.get("type") != "hidden"} == labels, event
        told = " ".join(page.text.values())
        assert all(need.citation in told for need in needs(event)), event
        assert read(one, page.posted) == ({}, []), event
        assert stored(one, {}), event


def test_what_the_gateway_fills_in_is_not_asked_for() -> None:
    for event in events():
        assert not {"actor", "work_item", "work_version"} & {f.name for f in form(event).fields}
    taken = form_of(schemas().latest("casebus.work.taken.v1"), (), "zh")
    assert {one.name for one in taken.fields} == {
        field["name"] for field in schemas().latest("casebus.work.taken.v1").body["fields"]
    } - {"actor", "work_item", "work_version", "agency"}


@BOTH
def test_what_the_law_requires_stands_on_the_form_with_its_article(language) -> None:
    for event in events():
        one = form(event, language)
        for need in needs(event):
            what = need.what if language == "zh" else need.what_en
            said = [d for _, node in _nodes(one) for d in node.demands if what in d.text]
            assert said, (event, what)
            assert all(need.citation in one.citation for one in said), (event, what)
            assert len({one.text for one in said if not one.alone}) <= 1


def test_places_of_a_need_are_the_places_of_the_form() -> None:
    """Each place where the law lets it stand is marked, and a value there meets the need."""
    for event in events():
        one = form(event)
        for need in needs(event):
            marked = {
                path for path, node in _nodes(one) if any(need.what in d.text for d in node.demands)
            }
            asked = {path for path in _asked(need) if path in {path for path, _ in _nodes(one)}}
            assert asked <= marked, (event, need.what)


def test_any_of_several_places_is_said_in_words() -> None:
    one = form("jurisdiction.disputed")
    (dispute,) = [node for _, node in _nodes(one) if node.name == "dispute"]
    (demand,) = dispute.demands
    assert not demand.alone
    assert "必填其一" in demand.text
    assert all(label in demand.text for label in ("争议种类", "理由"))


def test_what_must_be_answered_is_no_box_that_says_nothing_unticked() -> None:
    one = form("consultation.agreed") if "consultation.agreed" in events() else _with("agreed")
    (agreed,) = [node for _, node in _nodes(one) if node.name == "agreed" and node.demands]
    assert agreed.kind == "yes_no"
    assert read(one, [("agreed", "false")])[0] == {"agreed": False}


def test_a_paper_that_is_asked_for_stands_there_with_its_kind_and_counts_once_it_is_filled() -> (
    None
):
    one = form("referral.sent")
    start = opened(one)
    kinds = [value for name, value in start if name.endswith(".kind")]
    assert kinds[:3] == ["TRANSFER_LETTER", "INVESTIGATION_REPORT", "GOODS_INVENTORY"]
    assert "documents" not in read(one, start)[0]
    filled = [*start, ("documents.1.title", "调查报告"), ("documents.1.sha256", "AB" * 32)]
    (paper,) = read(one, filled)[0]["documents"]
    assert (paper["kind"], paper["sha256"]) == ("INVESTIGATION_REPORT", "ab" * 32)


def test_receivers_that_are_asked_for_are_read_once_each() -> None:
    one = next(form(event) for event in events() if any(need.to for need in needs(event)))
    assert one.recipients.demands
    assert one.recipients.sectors
    assert recipients([("to", " a "), ("to", ""), ("to", "b"), ("to", "a")]) == ("a", "b")


def test_rows_come_and_go_without_a_script() -> None:
    one = form("goods.released")
    posted = [*opened(one), ("goods.0.name", "包"), ("add", "goods")]
    posted = edited(one, posted) or []
    assert ("goods.1", "") in posted
    posted = [*posted, ("goods.1.name", "鞋"), ("goods.1.listed", "１，２００")]
    assert [row["name"] for row in read(one, posted)[0]["goods"]] == ["包", "鞋"]
    posted = edited(one, [*posted, ("remove", "goods.0")]) or []
    assert read(one, posted)[0]["goods"] == [{"name": "鞋", "listed": 1200}]
    assert edited(one, posted) is None
    for name in ("reasons", "no.such", "goods.name", "goods.0.name"):
        assert edited(one, [("add", name)]) == []
    assert edited(one, [("reasons", "x"), ("remove", "reasons")]) == [("reasons", "x")]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_comes_back_as_it_was_typed(value) -> None:
    one = form("referral.filing_refused")
    posted = [("reasons", value), ("basis.0.law", value), ("note", value), ("ground", value)]
    data, wrongs = read(one, posted)
    assert data["reasons"] == data["basis"][0]["law"] == value.strip()
    assert [wrong.path for wrong in wrongs] == ["ground"]
    page = Page(rendered(one, posted, [*wrongs, FieldError("reasons", value)]))
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, given in page.tags for name in given)
    assert read(one, page.posted)[0] == data


@BOTH
def test_what_is_wrong_is_named_at_its_place_and_kept(language) -> None:
    one = form("goods.released", language)
    posted = [
        ("goods.0.name", "包"),
        ("goods.0.listed", "about ten"),
        ("goods.1.listed", str(2**63)),
        ("numbers.0.value", "x" * 10_001),
    ]
    data, wrongs = read(one, posted)
    paths = [wrong.path for wrong in wrongs]
    assert set(paths) == {"goods.0.listed", "goods.1.listed", "numbers.0.value"}
    assert all(bool(HAN.search(wrong.text)) == (language == "zh") for wrong in wrongs)
    page = Page(rendered(one, posted, wrongs))
    links = {(given["href"] or "")[1:] for given in page.named("a")}
    assert links == set(paths) <= set(page.ids())
    bad = {given["id"] for _, given in page.tags if given.get("aria-invalid")}
    assert bad == set(paths)
    assert set(posted) <= {(name, value) for name, value in page.posted}
    stored(one, data)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [("12", 1200), ("１２３４．５", 123450), ("1,234.50", 123450), ("¥0.01", 1), ("-3 元", -300)],
)
def test_money_is_typed_in_units_and_kept_in_hundredths(typed, fen) -> None:
    one, path = _with_kind("amount")
    data, wrongs = read(one, [(f"{path}.amount", typed), (f"{path}.currency", "CNY")])
    assert (data[path], wrongs) == ({"fen": fen, "currency": "CNY"}, [])


@pytest.mark.parametrize("typed", ["1.234", "一百", "1e9", "NaN", "9" * 25, "1.2.3"])
def test_what_is_no_amount_is_wrong(typed) -> None:
    one, path = _with_kind("amount")
    data, wrongs = read(one, [(f"{path}.amount", typed), (f"{path}.currency", "CNY")])
    assert path not in data
    assert [wrong.path for wrong in wrongs] == [f"{path}.amount"]


@pytest.mark.parametrize("typed", ["2026-03-02", "2026年3月2日", "2026/3/2", "２０２６．３．２"])
def test_a_day_is_read_however_it_is_written(typed) -> None:
    one, path = _with_shape("day")
    assert read(one, [(path, typed)]) == ({path: "2026-03-02"}, [])


@pytest.mark.parametrize("typed", ["2026-02-30", "soon", "2026-3"])
def test_a_day_that_is_none_is_wrong_and_still_shown(typed) -> None:
    one, path = _with_shape("day")
    _, wrongs = read(one, [(path, typed)])
    assert [wrong.path for wrong in wrongs] == [path]
    page = Page(rendered(one, [(path, typed)], wrongs))
    (given,) = [given for given in page.named("input") if given.get("name") == path]
    assert given["value"] == typed
    assert given["type"] == "text" or re.fullmatch(r"\d{4}-\d\d-\d\d", typed)


def test_a_moment_without_a_zone_is_beijings() -> None:
    one, path = _with_shape("moment")
    assert read(one, [(path, "2026-03-02T09:30")])[0] == {path: "2026-03-02T09:30+08:00"}
    assert read(one, [(path, "2026-03-02T09:30:00Z")])[0] == {path: "2026-03-02T09:30:00Z"}


@BOTH
def test_what_the_gateway_refuses_stands_on_its_field(language) -> None:
    for event in events():
        one = form(event, language)
        shown = {path for path, _ in _nodes(one)}
        for need in needs(event):
            (wrong,) = wrongs_of(one, [_place(need)])
            what = need.what if language == "zh" else need.what_en
            assert what in wrong.text
            # Where the first of its places is not in this body, the sentence stands alone.
            assert wrong.path in {"", *shown}, (event, wrong)


def test_a_row_that_is_refused_is_found_again_behind_a_blank_one() -> None:
    one = form("goods.released")
    posted = [("goods.0", ""), ("goods.3.name", "包"), ("goods.7.name", "鞋")]
    errors = [{"pointer": "/data/goods/1/listed", "detail": "long is expected"}]
    (wrong,) = wrongs_of(one, errors, posted)
    assert wrong.path == "goods.7.listed"
    assert wrongs_of(one, [{"pointer": "/data/actor", "detail": "missing"}])[0].path == ""


def test_more_rows_than_are_taken_are_refused() -> None:
    one = form("goods.released")
    posted = [(f"goods.{number}.name", "x") for number in range(501)]
    assert [wrong.path for wrong in read(one, posted)[1]] == ["goods"]
    assert edited(one, [*posted, ("add", "goods")]) == posted


def test_every_symbol_has_its_chinese_in_the_schema_and_its_english_in_the_file() -> None:
    known: set[tuple[str, str]] = set()
    for enum in _enums():
        chinese, english = symbols_of(enum, "zh"), symbols_of(enum, "en")
        for symbol in enum.symbols:
            assert HAN.search(chinese[symbol]), symbol
            assert english[symbol] != symbol, (symbol, chinese[symbol])
            assert not HAN.search(english[symbol]), symbol
            known.add((symbol, chinese[symbol]))
    for symbol, told in english_symbols().items():
        asked = {chinese for one, chinese in known if one == symbol}
        assert asked, f"{symbol} is in no schema"
        assert isinstance(told, str) or asked == set(told), symbol


def test_every_word_of_ours_is_in_both_languages() -> None:
    text = (ROOT / "gateway" / "console" / "forms" / "words.yaml").read_text("utf-8")
    for key, told in yaml.safe_load(text).items():
        fields = [set(re.findall(r"\{(\w+)\}", told[one])) for one in ("zh", "en")]
        assert fields[0] == fields[1], key
        assert not HAN.search(told["en"]), key


def test_no_label_is_in_the_other_language() -> None:
    for event in events():
        for _, node in _nodes(form(event, "en")):
            assert not HAN.search(node.label + node.hint), (event, node.label, node.hint)
        for _, node in _nodes(form(event, "zh")):
            assert HAN.search(node.label), (event, node.label)


def test_data_of_a_draft_fills_the_form() -> None:
    one = form("referral.filing_refused")
    data = {"reasons": "一\n二", "basis": [{"law": "刑诉法", "article": "112"}], "note": ""}
    page = Page(rendered(one, values_of(one, data)))
    assert stored(one, read(one, page.posted)[0]) == stored(one, data)


def _nodes(one: Form) -> Iterator[tuple[str, Any]]:
    yield one.recipients.name, one.recipients
    waiting: list[tuple[str, AnyField]] = [(each.name, each) for each in one.fields]
    while waiting:
        path, node = waiting.pop()
        yield path, node
        waiting += [(f"{path}.{each.name}", each) for each in node.children]


def _asked(need: Need) -> set[str]:
    return {*need.places, *(("not_enclosed",) if need.not_enclosed else ())}


def _with(name: str) -> Form:
    return next(
        form(e) for e in events() if any(n.name == name and n.demands for n in form(e).fields)
    )


def _with_kind(kind: str) -> tuple[Form, str]:
    return next((form(e), n.name) for e in events() for n in form(e).fields if n.kind == kind)


def _with_shape(shape: str) -> tuple[Form, str]:
    return next(
        (form(e), n.name)
        for e in events()
        for n in form(e).fields
        if isinstance(n, TextField) and n.shape == shape
    )


def _enums() -> Iterator[EnumType]:
    for event in events():
        for _, kind in definitions(schemas().latest(f"casebus.{event}.v1").tree):
            if isinstance(kind, EnumType):
                yield kind

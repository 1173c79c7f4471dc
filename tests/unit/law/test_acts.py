"""What an act must bear is data: each action declares it, with its article; what lacks is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.cases import Case, CaseEvent, Finding, fold
from casebus.events.schemas import Schemas
from casebus.events.types import event_name
from casebus.law import Law, LawError, checking, loader
from casebus.law.acts import ActRules, lacking
from casebus.law.checking import acts, events
from tests.case_events import AMR, PSB, ROOT, event, until

FILES = loader.read(ROOT / "policies/law")
LAW = Law(FILES)
SCHEMAS = Schemas.load(ROOT / "schemas")
DAY = dt.date(2026, 3, 9)
_ACTS = sorted(
    {
        one
        for file in checking.LawBook(FILES, SCHEMAS).acts.values()
        for row in file.acts
        for one in row.events
    }
)
PAPER = {"kind": "NOTICE", "title": "通知书", "sha256": "a" * 64}


def lacks(act: str, body: dict[str, Any], *sectors: str, day: dt.date = DAY) -> list[str]:
    return [one.what_en for one in lacking(LAW.acts.needs(act, day), body, sectors)]


def problems(name: str, old: str, new: str) -> list[str]:
    text = FILES[name].decode()
    assert old in text
    changed = {**FILES, name: text.replace(old, new, 1).encode()}
    book = checking.LawBook(changed, SCHEMAS)
    return [one.code for one in (*acts.problems(book), *events.problems(book)) if one.is_error]


def test_every_action_of_every_duty_says_what_it_requires() -> None:
    asked = {
        event_name(one)
        for procedure in LAW.procedures.values()
        for duty in procedure.duties.values()
        for one in duty.types.values()
    }
    assert asked
    assert [one for one in sorted(asked) if one not in LAW.acts] == []


def test_each_requirement_says_where_it_stands_and_how_sure_we_are() -> None:
    book = checking.LawBook(FILES, SCHEMAS)
    needs = [need for file in book.acts.values() for row in file.acts for need in row.needs]
    assert len(needs) > 150
    assert all(one.source and one.article and one.confidence for one in needs)


@pytest.mark.parametrize("said", [None, "", " \u3000", "\u200b", "——", "…", []])
def test_what_says_nothing_is_no_ground(said: object) -> None:
    assert lacks("referral.filing_refused", {"reasons": said}) == ["the reasons"]
    assert lacks("referral.filing_refused", {"reasons": "证据不足"}) == []


@pytest.mark.parametrize(
    ("act", "empty", "said"),
    [
        (
            "informant.reward_approved",
            {"reward": {"fen": 0, "currency": "CNY"}},
            {"reward": {"fen": 1}},
        ),
        ("customs.bond_posted", {"bond": {"fen": 0, "currency": "CNY"}}, {"security_no": "1"}),
        (
            "referral.supplemented",
            {"documents": [{"kind": "GOODS_INVENTORY"}]},
            {"documents": [PAPER]},
        ),
        (
            "referral.supplemented",
            {"documents": [{**PAPER, "sha256": " " * 64}]},
            {"documents": [PAPER]},
        ),
        ("arbitration.mediated", {"agreement_sha256": "x"}, {"agreement_sha256": "a" * 64}),
    ],
)
def test_a_default_or_half_a_paper_says_nothing(
    act: str, empty: dict[str, Any], said: dict[str, Any]
) -> None:
    missing = set(lacks(act, empty)) - set(lacks(act, said))
    assert len(missing) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=3),
    max_leaves=6,
)
_FIELDS = ("not_enclosed", "documents", "document", "reasons", "basis", "goods", "reward")


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_no_body_makes_a_requirement_raise(body: dict[str, Any]) -> None:
    """What a correction makes of a body is any JSON."""
    for act in _ACTS:
        lacking(LAW.acts.all_needs(act), body, ())


def test_a_body_nested_without_end_says_nothing() -> None:
    nested: Any = []
    for _ in range(20_000):
        nested = [nested]
    assert lacks("referral.supplemented", {"documents": nested, "goods": nested})


def test_an_act_that_goes_to_somebody_names_whom() -> None:
    body = {"reasons": "犯罪地在滨江区"}
    both = ["the police that it goes to", "the agency that sent it"]
    assert lacks("referral.forwarded", body) == both
    assert lacks("referral.forwarded", body, "administrative") == both[:1]
    assert lacks("referral.forwarded", body, "police", "customs") == []


def test_a_paper_is_one_with_its_title_and_its_digest() -> None:
    body: dict[str, Any] = {"suspects": [{"name": "某甲"}]}
    asked = ["the opinion on prosecution, or its number"]
    act = "referral.prosecution_requested"
    opinion = {**PAPER, "kind": "PROSECUTION_OPINION"}
    assert lacks(act, body, "procuratorate") == asked
    assert lacks(act, {**body, "document": PAPER}, "procuratorate") == asked
    bare = {**opinion, "sha256": ""}
    assert lacks(act, {**body, "document": bare}, "procuratorate") == asked
    assert lacks(act, {**body, "document": opinion}, "procuratorate") == []
    numbers = [{"kind": "docket_no", "value": "杭公诉字〔2026〕1号"}]
    assert lacks(act, {**body, "numbers": numbers}, "procuratorate") == []


def test_an_article_and_another_outcome_are_said_in_words() -> None:
    basis = [{"law": "中华人民共和国商标法", "article": " "}]
    assert "the article of law that it rests on" in lacks("penalty.decided", {"basis": basis})
    outcome = "the outcome; of another one, what it is"
    assert outcome in lacks("referral.judged", {"outcome": "OTHER"})
    assert outcome not in lacks("referral.judged", {"outcome": "GUILTY"})


def test_the_law_of_the_day_of_the_act_counts() -> None:
    act = "referral.supplement_requested"
    assert lacks(act, {}) == ["which material is missing"]
    assert lacks(act, {}, day=dt.date(2019, 1, 1)) == []


def test_no_act_goes_without_its_requirements_later() -> None:
    book = checking.LawBook(FILES, SCHEMAS)
    asked = [
        one for file in book.acts.values() for row in file.acts if row.needs for one in row.events
    ]
    assert [one for one in asked if not LAW.acts.needs(one, dt.date(2027, 6, 1))] == []


def test_a_law_of_before_there_were_acts_asks_for_nothing() -> None:
    assert ActRules.of({}).needs("referral.filing_refused", DAY) == ()


def test_an_act_without_a_declaration_is_an_error_of_the_law() -> None:
    name, row = "acts/referral.yaml", "events: [referral.filing_refused]"
    found = problems(name, row, "events: [referral.reasons_given]")
    assert set(found) == {"undeclared_act", "unknown_event"}


@pytest.mark.slow
def test_a_need_that_nothing_can_meet_is_an_error_of_the_law() -> None:
    name = "acts/referral.yaml"
    assert problems(name, "says: [reasons]", "says: [resons]") == ["unknown_path"]
    assert problems(name, "papers: [INDICTMENT]", "papers: [INDICTMENTS]") == ["unknown_value"]
    assert "unknown_sector" in problems(name, "to: [court]", "to: [courts]")


def test_an_act_that_binds_a_recipient_asks_for_one() -> None:
    need = (
        "      - what: {zh: 接收的人民法院, en: the court that it goes to}\n        to: [court]\n"
    )
    need += "        <<: *criminal_procedure\n        article: 第一百七十六条\n"
    assert problems("acts/referral.yaml", need, "") == ["undeclared_act"]


def test_an_act_is_declared_once() -> None:
    files = {**FILES, "acts/more.yaml": FILES["acts/referral.yaml"]}
    with pytest.raises(LawError, match=r"line \d+: .* is declared twice"):
        Law(files)


def refused(*more: CaseEvent, **said: Any) -> tuple[Case, list[Finding]]:
    """The case, and what is flagged of a refusal that came from outside."""
    # As it is decoded: what nobody said has the schema's default.
    body = {"reasons": "", **said}
    refusal = event(PSB, "referral.filing_refused", "2026-03-09", to=(AMR,), id="refusal", **body)
    case = fold([*until("referral.accepted"), refusal, *more], LAW)
    flagged = [one for one in case.findings if one.detail.get("reason") == "act_incomplete"]
    return case, [one for one in flagged if one.event == refusal.identity]


def test_a_fact_from_outside_that_lacks_its_grounds_counts_and_is_flagged() -> None:
    case, [found] = refused()
    assert case.status == "not_filed"
    assert (found.kind, found.detail["lacks"], found.tell) == ("data_quality", "理由", ())
    assert refused(reasons="数额未达立案标准")[1] == []


def test_a_correction_that_brings_the_grounds_heals() -> None:
    fix = event(
        PSB,
        "case.corrected",
        "2026-03-10",
        corrected_source=PSB,
        corrected_id="refusal",
        changes={"reasons": '"数额未达立案标准"'},
    )
    assert refused(fix)[1] == []

"""`casebus law check`: what it finds in a law that loads, each with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebus.cases import fold
from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.law import Law, loader
from casebus.law.checking import LawProblem, check
from tests.case_events import ROOT, until

FOLDER = ROOT / "policies/law"
FILES = loader.read(FOLDER)
SCHEMAS = list(Schemas.load(ROOT / "schemas"))
REFERRAL, CLOCKS = "procedures/referral.yaml", "clocks/referral.yaml"
PENALTY, VENUES, TRIAGE = "procedures/penalty.yaml", "venues.yaml", "triage.yaml"
ADMINISTRATIVE = "procedures/administrative_case.yaml"
DETECTION = "thresholds/detection.yaml"
CONSULTATION = "procedures/consultation.yaml"

#: Lines move where a file is changed, what is said of it does not.
KNOWN = {one.text for one in check(FILES, SCHEMAS)}


def changed(name: str, old: str, new: str) -> dict[str, bytes]:
    text = FILES[name].decode()
    assert old in text
    return {**FILES, name: text.replace(old, new, 1).encode()}


def found(files: dict[str, bytes], code: str) -> list[LawProblem]:
    return [one for one in check(files, SCHEMAS) if one.code == code and one.text not in KNOWN]


@pytest.mark.slow
def test_a_clock_from_receipt_needs_a_word_by_when_something_is_received() -> None:
    said = """receipt:
  within_hours: 6
  own_choice: true
  <<: *house
  article: "7"
"""
    [problem] = found(changed("common.yaml", said, ""), "receipt_unsaid")
    assert problem.is_error
    assert problem.file.startswith("clocks/")
    assert problem.line > 1


def test_the_law_that_ships_has_no_errors() -> None:
    assert [str(one) for one in check(FILES, SCHEMAS) if one.severity == "error"] == []


T04 = "    stops: [T04]\n"
ACCUSER = """    role: police
    actions: {take: work.taken, decide: referral.accuser_reconsideration_decided}
"""
ADDED = """
  - event: referral.receipted
    from: [final]
    to: final
    by: [police]
    effective_to: 2010-01-01
    <<: *d310
    article: 第七条
  - event: referral.receipted
    from: [final]
    to: final
    by: [police]
    source: 某法
    effective_from: 2012-01-01
    confidence: V-L
    article: 第七条
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new", "code", "said"),
    [
        (REFERRAL, "neutral: [intake.*]", "neutral: [landing.*]", "unknown_event", "landing.*"),
        (REFERRAL, "event: goods.released", "event: goods.freed", "unknown_event", "goods.freed"),
        (ADMINISTRATIVE, "    unless_open: [referral]\n", "", "dead_end", "T01"),
        (ADMINISTRATIVE, "[referral]", "[transfer]", "unknown_procedure", "transfer"),
        (REFERRAL, T04, "", "endless_clock", "no act stops T04"),
        (REFERRAL, "    starts: [T22]\n", "", "idle_clock", "T22"),
        (REFERRAL, "opens: [decide_transfer]", "opens: []", "idle_duty", "decide_transfer"),
        (REFERRAL, ACCUSER, ACCUSER.replace("police", "court"), "endless_duty", "answer_accuser"),
        (REFERRAL, "transitions:\n", f"transitions:\n{ADDED}", "version_gap", "2010-01-02"),
        (REFERRAL, "by: [administrative]", "by: [administrative, court]", "no_author", "court"),
        (REFERRAL, "article: 第五条第一款", 'article: " "', "no_citation", "article"),
        (CLOCKS, "{assessment: [UNASSESSED", "{mood: [UNASSESSED", "unknown_path", "mood"),
        (CLOCKS, "{assessment: [UNASSESSED", "{assessment: [MAYBE", "unknown_value", "MAYBE"),
        (VENUES, "places: [property_place.code]", "places: [moon.code]", "unknown_path", "moon"),
        (VENUES, "instrument: [AWARD]", "instrument: [BRIBE]", "unknown_value", "BRIBE"),
        (VENUES, "places: [seat.code]", "places: [place.code]", "unknown_path", "place.code"),
        (VENUES, "effective_to: 2026-04-14", "effective_to: 2026-05-14", "overlap", "A01b"),
        (TRIAGE, "claim_amount.fen", "claim_amount.yuan", "unknown_path", "yuan"),
        (DETECTION, "    - penalty.decided", "    - case.noted", "unknown_path", "case.noted"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(
    name: str, old: str, new: str, code: str, said: str
) -> None:
    told = found(changed(name, old, new), code)
    assert any(said in one.text for one in told), told
    assert all(one.line > 1 for one in told)


T04_ROW = """    amount: 3
    unit: wd
    count_rule: working
    grace_hours: 12
    own_choice: true
    <<: [*d310, *owed]
    article: 第七条
"""
TOLD = "    expiry: breach\n    tell: [superior, role:procuratorate]\n"
BOUND = "    binds: {consulted: recipient}\n"
RECEIVED = "    starts: [T05, T06, T08]\n"
WORDS = """    silence:
      zh: 移送机关何时向其他主管机关移送（程序规定第一百八十条第三款），法律未规定期限。
      en: When the agency sends the case elsewhere (程序规定 180 III); no text gives a period.
"""
SENT = "{zh: 已移送, en: Sent, silence: {zh: 无, en: None}}"
PAUSE = "    resumes: [J02, J03, J05]\n"
LAPSE = "    starts: [T19]\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new", "code", "said"),
    [
        # A breach that cannot happen, or that nobody hears of.
        (CLOCKS, T04_ROW, T04_ROW[T04_ROW.index("    <<") :], "impossible_breach", "give it one"),
        (CLOCKS, TOLD, "    expiry: breach\n", "untold_breach", "name them in `tell`"),
        (CLOCKS, "tell: [role:procuratorate]", "tell: [role:moon]", "told_nobody", "role:moon"),
        (REFERRAL, "    starts: [T11a]\n", "", "idle_clock", "nothing starts T11a"),
        (CONSULTATION, BOUND, "", "nobody_owes", "nobody can be consulted, who owes T21"),
        # Silence.
        (REFERRAL, RECEIVED, "    starts: [T05, T06]\n", "silent_state", "in receipted nothing"),
        (REFERRAL, WORDS, "", "silent_state", "in not_police_matter nothing"),
        (REFERRAL, "{zh: 已移送, en: Sent}", SENT, "idle_silence", "drop it"),
        (REFERRAL, PAUSE, "", "endless_pause", "nothing resumes J02, J03, J05"),
        (REFERRAL, LAPSE, "", "idle_lapse", "T19 never runs in"),
    ],
)
def test_a_silence_that_never_falls_due_is_told_with_file_line_and_remedy(
    name: str, old: str, new: str, code: str, said: str
) -> None:
    told = found(changed(name, old, new), code)
    assert any(said in one.text and one.line > 1 for one in told), told


def test_a_pause_is_explained_once_for_all_procedures() -> None:
    text = FILES["common.yaml"].decode()
    start = text.index("standstill:")
    without = text[:start] + text[text.index("recorded:") :]
    [told] = found({**FILES, "common.yaml": without.encode()}, "silent_pause")
    assert (told.severity, "standstill" in told.text) == ("error", True)


@pytest.mark.slow
def test_a_kept_bundle_with_rows_that_are_refused_today_is_read_as_before() -> None:
    silent = changed(CLOCKS, T04_ROW, T04_ROW[T04_ROW.index("    <<") :])
    silent[REFERRAL] = silent[REFERRAL].replace(WORDS.encode(), b"")
    assert {one.code for one in check(silent, SCHEMAS)} >= {"impossible_breach", "silent_state"}
    kept = Law.from_bundle(Law(silent).bundle())
    assert kept.clocks["T04"][0].amount is None
    assert fold(until("referral.sent"), kept).status == "sent"


@pytest.mark.slow
def test_a_state_without_a_way_out_where_something_is_owed_is_a_dead_end() -> None:
    text = FILES[REFERRAL].decode().replace('    cancels: ["*"]\n    closes: ["*"]\n', "")
    told = found({**FILES, REFERRAL: text.encode()}, "dead_end")
    assert any("final" in one.text and one.file == REFERRAL for one in told)


@pytest.mark.slow
def test_an_event_that_no_procedure_knows_is_told() -> None:
    common = FILES["common.yaml"].decode().replace("case.recalled", "case.noted")
    [told] = found({**FILES, "common.yaml": common.encode()}, "no_procedure")
    assert "case.recalled" in told.text


@pytest.mark.slow
def test_rows_below_a_confidence_are_told_on_demand_only() -> None:
    assert not [one for one in check(FILES, SCHEMAS) if one.code == "unsure"]
    unsure = [one for one in check(FILES, SCHEMAS, least="V") if one.code == "unsure"]
    wobbly = [one for one in check(FILES, SCHEMAS, least="M+") if one.code == "unsure"]
    assert len(unsure) > len(wobbly) > 0
    assert all("M~" in one.text or "M?" in one.text for one in wobbly)
    with pytest.raises(CasebusError, match="a confidence is one of"):
        check(FILES, SCHEMAS, least="sure")


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return folder


@pytest.mark.slow
def test_warnings_leave_the_exit_code_alone_and_errors_do_not(tmp_path: Path) -> None:
    good = CliRunner().invoke(main, ["law", "check", str(FOLDER), "--json"])
    assert (good.exit_code, json.loads(good.output)["errors"]) == (0, 0)
    write(tmp_path, changed(REFERRAL, "event: goods.released", "event: goods.freed"))
    bad = CliRunner().invoke(main, ["law", "check", str(tmp_path)])
    assert bad.exit_code == 1
    assert f"{REFERRAL}:" in bad.output
    assert "error unknown_event: goods.freed has no schema" in bad.output


def test_what_does_not_load_is_one_error_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, changed(REFERRAL, "starts: [T22]", "starts: [T99]"))
    done = CliRunner().invoke(main, ["law", "check", str(tmp_path), "--json"])
    [problem] = json.loads(done.output)["problems"]
    assert done.exit_code == 1
    assert problem["text"].startswith(f"{REFERRAL}: line ")
    assert "T99" in problem["text"]

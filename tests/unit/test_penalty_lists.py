"""Lists of published penalties as offices write them, and what is asked about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from casebus.cases.listed import (
    QUESTION,
    Listed,
    PenaltyEntryRules,
    PenaltyKey,
    known_of,
    question_stream,
)
from casebus.events.numbers import canonical_number
from casebus.law.agencies import KnownAgency
from casebus.sdk.event import NewEvent
from casebus.sdk.importing.files import inspect
from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.listed import ListedRows, Meant
from casebus.sdk.penalties import Asker, PenaltySummary, PublishedList
from casebus.trust.directory import Agency

SUP, AMR = "cn-330100-sup", "cn-330106-amr"
HEADING = (
    "行政相对人名称,行政相对人代码_1（统一社会信用代码）,行政处罚决定 文书号,处罚决定日期,处罚机关"
)
ROW = (
    "杭州茗汇茶叶有限公司,91330106MA2TEX7081,"
    "杭西市监罚〔2026〕７号,2026年3月2日,西湖区市场监督管理局"
)
PUBLISHED = PublishedList("公示", "ab")


def rows_of(path: Path, meant: Meant | None = None) -> list[Any]:
    return list(ListedRows(inspect(path), meant or Meant(), date(2026, 4, 1)))


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_columns_of_the_public_form_are_known_by_their_names(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    text = f"{HEADING}\r\n{ROW}\r\n".replace(",", separator)
    [(_, listed, issues)] = rows_of(written(tmp_path, text, encoding))
    assert listed == Listed(
        office="西湖区市场监督管理局",
        number="杭西市监罚〔2026〕７号",
        decided_on=date(2026, 3, 2),
        party_code="91330106MA2TEX7081",
        party_name="杭州茗汇茶叶有限公司",
    )
    assert [str(one.code) for one in issues] in ([], ["wrong_check_digit"])


def test_a_workbook_may_have_a_title_above_its_heading(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["西湖区市场监督管理局行政处罚公示（2026年3月）"])
    sheet.append([])
    sheet.append(["序号", "处罚决定书\n文号", "当事人", "决定日期"])
    sheet.append([1, "杭西市监罚〔2026〕7号", "某店", date(2026, 3, 2)])
    sheet.append([2, 12345678901234567890, "某店", date(2026, 3, 3)])
    book.save(tmp_path / "list.xlsx")
    first, second = rows_of(tmp_path / "list.xlsx", Meant(office=AMR))
    assert first[1] == Listed(
        office=AMR,
        number="杭西市监罚〔2026〕7号",
        decided_on=date(2026, 3, 2),
        party_name="某店",
    )
    assert (second[0], second[1], [str(one.code) for one in second[2]]) == (
        5,
        None,
        ["bad_cell"],
    )


def test_a_column_of_another_name_is_named_by_hand(tmp_path: Path) -> None:
    path = written(tmp_path, "机关,编码\n西湖局,罚〔2026〕1号\n")
    with pytest.raises(FileError, match=r"missing_columns.*机关, 编码.*office"):
        rows_of(path)
    [(_, listed, _)] = rows_of(path, Meant({"office": "机关", "number": "编码"}))
    assert listed == Listed(office="西湖局", number="罚〔2026〕1号")


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("3.30106E+17,2026-03-02,西湖局", "spoiled_number"),
        ("#N/A,,西湖局", "spoiled_number"),
        ("罚〔2026〕1号,2026-02-30,西湖局", "bad_date"),
        (",2026-02-30,西湖局", "bad_date"),
        ("罚〔2026〕1号,2026-03-02,", "missing_value"),
        (f"{'罚' * 201}〔2026〕1号,,西湖局", "bad_cell"),
        ("罚〔2026〕1号、罚〔2026〕2号,2026-03-02,西湖局", "bad_cell"),
        ("罚〔2026〕1号 2号,2026-03-02,西湖局", "bad_cell"),
        ("罚〔2026〕1号,2126-03-02,西湖局", "bad_date"),
        (",2126-03-02,西湖局", "bad_date"),
    ],
)
def test_what_cannot_be_believed_is_told_by_its_row(tmp_path: Path, cells: str, code: str) -> None:
    [(row, listed, issues)] = rows_of(written(tmp_path, f"文号,处罚日期,处罚机关\n{cells}\n"))
    assert (row, [str(one.code) for one in issues]) == (2, [code])
    # A number with a year says which penalty it is, whatever its date.
    assert (listed is not None) == (code == "bad_date" and not cells.startswith(","))


@pytest.mark.parametrize(
    ("listed", "known"),
    [
        (
            Listed(office=AMR, number="杭西市监罚（2026） ７号"),
            PenaltyKey("NUMBER", "杭西市监罚(2026)7号"),
        ),
        (Listed(office=AMR, number="浙知罚2026-7"), PenaltyKey("NUMBER", "浙知罚2026-7")),
        # 2001 is no year here: the number may come again.
        (Listed(office=AMR, number="罚字2001号"), None),
        (
            Listed(office=AMR, number="15号", decided_on=date(2026, 3, 2)),
            PenaltyKey("NUMBER_AND_DATE", "15号", date(2026, 3, 2)),
        ),
        (
            Listed(office=AMR, decided_on=date(2026, 3, 2), party_code="91330106ma2tex7081"),
            PenaltyKey("DATE_AND_PARTY", "", date(2026, 3, 2), "91330106MA2TEX7081"),
        ),
        *(
            # What many have is nobody's code: theirs would be one question.
            (
                Listed(office=AMR, decided_on=date(2026, 3, 2), party_code=code, party_name="李某"),
                PenaltyKey("DATE_AND_PARTY", "", date(2026, 3, 2), "李某"),
            )
            for code in ("无", "/", "9.13301E+17", "11010519491231002X")
        ),
        (Listed(office=AMR, party_name="某店"), None),
        (Listed(office=AMR, decided_on=date(2026, 3, 2)), None),
    ],
)
def test_by_what_a_penalty_is_known(listed: Listed, known: PenaltyKey | None) -> None:
    assert listed.known() == known
    if known is not None:
        question = canonical_number(listed.question(known))
        assert known_of(AMR, question) == known


@pytest.mark.parametrize("above", ["", "西湖区行政处罚公示,,,,\n", "公示\n\n2026年3月;;\n"])
def test_a_title_above_the_heading_of_a_csv_is_passed_over(tmp_path: Path, above: str) -> None:
    text = f"{above}文号;决定日期;处罚机关\n罚〔2026〕1号;2026-03-02;西湖局\n"
    [(row, listed, issues)] = rows_of(written(tmp_path, text))
    assert (row, issues) == (2 + above.count("\n"), ())
    assert listed == Listed(office="西湖局", number="罚〔2026〕1号", decided_on=date(2026, 3, 2))


def test_a_code_that_is_none_or_a_person_s_is_not_passed_on(tmp_path: Path) -> None:
    codes = ("/", "无", "11010519491231002X")
    rows = "".join(f"罚〔2026〕1号,西湖局,{code},—\n" for code in codes)
    read = rows_of(written(tmp_path, f"文号,处罚机关,信用代码,当事人\n{rows}"))
    expected = Listed(office="西湖局", number="罚〔2026〕1号")
    assert [listed for _, listed, _ in read] == [expected] * 3
    said = [[str(one.code) for one in issues] for *_, issues in read]
    assert said == [[], [], ["bad_cell"]]
    assert codes[2] not in str(read)


@pytest.mark.parametrize("said", ["", ":", "CN-330106-AMR:", "CN-330106-AMR:2026-13-45/X"])
def test_a_number_that_somebody_else_made_up_is_no_question(said: str) -> None:
    assert known_of(AMR, said) is None


class Offices:
    """A directory of four."""

    def __init__(self) -> None:
        rows = [
            (AMR, "administrative", "county", "330106", "cn-330100-amr"),
            ("cn-330100-amr", "administrative", "city", "330100", "cn-330000-amr"),
            ("cn-330000-amr", "administrative", "province", "330000", "cn-330100-amr"),
            ("cn-331000-sup", "supervision", "city", "331000", None),
            (SUP, "supervision", "city", "330100", None),
            ("cn-000000-sup", "supervision", "national", "000000", None),
            ("cn-330106-pro", "procuratorate", "county", "330106", None),
            ("cn-330106-psb", "police", "county", "330106", None),
        ]
        self._all = {
            name: Agency(name, name, sector, level, division, superior, "hosted")
            for name, sector, level, division, superior in rows
        }

    def agency(self, name: str) -> KnownAgency | None:
        return self._all.get(name)

    def in_division(self, division: str, sector: str, level: str) -> Sequence[KnownAgency]:
        raise AssertionError((division, sector, level))


@pytest.mark.parametrize(
    ("asker", "office", "may"),
    [
        (SUP, AMR, True),
        ("cn-000000-sup", AMR, True),
        ("cn-330106-pro", AMR, True),
        ("cn-330100-amr", AMR, True),
        # Near or far, and a directory that goes round in a circle ends.
        ("cn-330000-amr", AMR, True),
        (AMR, "cn-330100-amr", False),
        ("cn-331000-sup", AMR, False),
        ("cn-330106-pro", "cn-330100-amr", False),
        (SUP, "cn-330106-psb", False),
        ("cn-330106-psb", AMR, False),
        (AMR, AMR, False),
        ("cn-990000-sup", AMR, False),
    ],
)
def test_whom_an_agency_may_ask(asker: str, office: str, may: bool) -> None:
    assert PenaltyEntryRules.load(Path("policies")).may_ask(asker, office, Offices()) is may


class Bus:
    """What the bus has of numbers, by the protocol of the gateway's client."""

    def __init__(self, **outcomes: str) -> None:
        self.outcomes = outcomes
        self.asked: list[NewEvent] = []

    def compare_penalties(self, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "outcome": self.outcomes.get(one["number"][-2:-1], "missing"),
                "office": AMR,
                "question": f"{AMR}: {one['number']}",
                "case": None,
            }
            for one in items
        ]

    def run(self, *numbers: str) -> PenaltySummary:
        rows = [(at, Listed(office="西湖局", number=one), ()) for at, one in enumerate(numbers, 2)]
        return Asker(SUP, self, self.asked.extend).run(rows, PUBLISHED)


def test_only_what_the_bus_lacks_is_asked_about_and_each_of_it_once() -> None:
    bus = Bus(**{"7": "entered", "8": "explained"})
    done = bus.run("罚〔2026〕7号", "罚〔2026〕8号", "罚〔2026〕9号", "罚〔2026〕9号")
    assert done.outcomes == {"entered": 1, "explained": 1, "asked_now": 1, "asked": 1}
    [asked] = bus.asked
    question = f"{AMR}: 罚〔2026〕9号"
    assert asked.stream == question_stream(SUP, question)
    assert (asked.to, asked.data["list_row"], asked.data["penalty_no"]) == (
        (AMR,),
        4,
        "罚〔2026〕9号",
    )
    assert asked.data["numbers"] == [{"kind": QUESTION, "value": question}]


def test_however_a_list_is_sorted_a_question_has_one_identity() -> None:
    first, second = Bus(), Bus()
    first.run("罚〔2026〕9号", "罚〔2026〕1号")
    second.run("罚〔2026〕1号", "罚〔2026〕9号")
    identities = [{(one.stream, one.id) for one in bus.asked} for bus in (first, second)]
    assert identities[0] == identities[1]


@pytest.mark.parametrize("name", ["list.jsonl", "list.ndjson", "list.json"])
def test_a_list_of_json_lines_is_read_by_its_names(tmp_path: Path, name: str) -> None:
    names = HEADING.split(",")
    good = json.dumps(dict(zip(names, ROW.split(","), strict=True)), ensure_ascii=False)
    lines = [good, "", '{"处罚机关": "某局"}', "[]", "{", '{"处罚机关": {"a": 1}}']
    (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    first, *others = rows_of(tmp_path / name)
    assert (first[0], first[1].party_name) == (1, "杭州茗汇茶叶有限公司")
    assert [row for row, listed, _ in others if listed is None] == [4, 5, 6]
    (tmp_path / name).write_text('{"a": 1}\n', encoding="utf-8")
    with pytest.raises(FileError, match="missing_columns"):
        rows_of(tmp_path / name)
    (tmp_path / name).write_text("[1]\n", encoding="utf-8")
    with pytest.raises(FileError, match="missing_columns"):
        rows_of(tmp_path / name)

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from openpyxl import load_workbook

from casebus.statistics.publishing import events_of
from casebus.statistics.report import ReportFigures, render
from casebus.statistics.tables import columns, to_csv, to_xlsx
from tests.world import SCHEMAS


def row(value: Any, count: int | None, **more: Any) -> dict[str, Any]:
    return {**more, "count": count, "value": value, "suppressed": value is None and count is None}


def indicator(kind: str, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {"id": f"x_{kind}", "title": f"指标<{kind}>", "title_en": kind, "paragraph": "（二）"}
    return {**plain, "kind": kind, "testdata": 0, "rows": list(rows), **more}


def answer(*indicators: dict[str, Any], by: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "as_of": "2026-03-31T16:00:00+00:00",
        "from": "2026-01-01",
        "to": "2026-03-31",
        "view": "shared",
        "agency": "cn-330100-sup",
        "agency_name": "杭州市知识产权保护监督协调办公室",
        "division": "330100",
        "by": list(by),
        "law": "ab" * 32,
        "definitions": "cd" * 32,
        "indicators": list(indicators),
        **more,
    }


STEP = {"value_of": "T08", "title": "决定是否立案", "citation": "第八条", "met": 5, "overdue": None}
WHOLE = answer(
    indicator("count", row(1234, 1234)),
    indicator("share", row(0.75, 20, met=15)),
    indicator("sum", row(75_050, 6)),
    indicator("stock", row(None, None)),
    indicator("steps", row(2.5, 9, **STEP)),
)
MONTHS = answer(
    indicator("count", row(40, 40, month="2026-01"), row(None, None, month="2026-02"), row(52, 52)),
    by=("month",),
)
PLACES = answer(indicator("count", row(30, 30, city="330100"), row(44, 44)), by=("city",))
HTML = render(ReportFigures(WHOLE, MONTHS, PLACES), names={"330100": "杭州市"})


class Reader(HTMLParser):
    """Cells and what the page would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_cell = tag in {"td", "th"}
        if self._in_cell:
            self.cells.append("")
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "data"}]

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data.strip()


READ = Reader(HTML)


def test_a_report_shows_each_figure_in_its_unit() -> None:
    for text in ("1,234", "75.0%", "750.50 元", "2.5 天", "杭州市", "第八条", "T08"):
        assert text in READ.cells, text


def test_a_report_needs_no_network_and_prints_on_a4() -> None:
    assert READ.fetched == []
    assert not {"script", "link", "img", "iframe"} & set(READ.tags)
    assert "url(" not in HTML
    assert "@import" not in HTML
    assert "size: A4" in HTML


def test_a_report_says_what_it_stands_on_and_what_was_left_out() -> None:
    for text in (
        "2026-04-01 00:00:00（北京时间）",
        "2026-01-01",
        "ab" * 32,
        "cd" * 32,
        "小于5",
        "登记时间",
    ):
        assert text in HTML
    assert "*" in READ.cells


def test_what_is_left_out_has_no_length_in_a_chart() -> None:
    assert 'width="1.0" height="14" fill="#fff"' in HTML


def test_titles_are_text_and_never_markup() -> None:
    assert "指标<count>" not in HTML
    assert "指标&lt;count&gt;" in HTML


def test_figures_of_ones_own_are_marked_as_such() -> None:
    own = WHOLE | {"view": "own"}
    assert "不宜对外提供" in render(ReportFigures(own, MONTHS, PLACES))


def test_a_report_of_nothing_is_a_report() -> None:
    nothing = answer(indicator("share", row(None, 0, met=0)))
    text = render(ReportFigures(nothing, answer(by=("month",)), answer(by=("city",))))
    assert "本期没有可列的数据" in text


def test_tables_mark_what_is_left_out_and_run_nothing() -> None:
    risky = answer(
        indicator("count", row(None, None, month="=1+1"), row(9, 9), title="@x"), by=("month",)
    )
    [head, first, total, *_] = list(csv.reader(io.StringIO(to_csv(risky).removeprefix("\ufeff"))))
    assert head == columns(risky)
    assert first[:3] == ["x_count", "'@x", "'=1+1"]
    assert dict(zip(head, first, strict=True))["value"] == "*"
    assert dict(zip(head, total, strict=True))["month"] == "合计"
    book = load_workbook(io.BytesIO(to_xlsx(risky)))
    assert book.sheetnames == ["统计", "说明"]
    assert [cell.value for cell in book.worksheets[0][2]][2] == "'=1+1"
    assert book.worksheets[0].cell(3, head.index("value") + 1).value == 9


def test_published_figures_fit_their_schema_and_say_nothing_that_was_left_out() -> None:
    events = list(events_of(WHOLE))
    ids = [one["data"]["indicator"] for one in events]
    assert ids == ["x_count", "x_share", "x_sum", "x_steps"]
    for one in events:
        SCHEMAS.encode(f"casebus.{one['type']}.v1", one["data"])
        UUID(one["id"])
    share = events[1]["data"]
    assert (share["numerator"], share["denominator"], share["value"]) == (15, 20, 0.75)
    assert len({one["case"] for one in events}) == 1
    assert len({one["id"] for one in events}) == len(events)


def test_the_same_figures_are_published_once() -> None:
    assert list(events_of(WHOLE)) == list(events_of(WHOLE))
    later = WHOLE | {"as_of": "2026-04-30T16:00:00+00:00"}
    assert {one["case"] for one in events_of(later)} == {one["case"] for one in events_of(WHOLE)}
    assert not {one["id"] for one in events_of(later)} & {one["id"] for one in events_of(WHOLE)}


def test_a_report_names_the_office_and_not_its_id() -> None:
    assert "杭州市知识产权保护监督协调办公室" in READ.cells
    assert "cn-330100-sup" not in HTML


def test_a_report_s_moment_is_local_and_without_fractions() -> None:
    about = WHOLE | {"as_of": "2026-03-31T15:59:59.123456+00:00"}
    text = render(ReportFigures(about, MONTHS, PLACES))
    assert "2026-03-31 23:59:59（北京时间）" in text
    assert "123456" not in text


def test_what_is_zero_is_named_in_one_line_and_has_no_row() -> None:
    step = STEP | {"title": "移交", "value_of": "T18", "met": 0, "overdue": 0}
    whole = answer(
        indicator("count", row(3, 3)),
        indicator("share", row(None, 0, met=0), title="零率"),
        indicator("stock", row(0, 0), title="零存"),
        indicator("stock", row(0, 4), title="结清"),
        indicator("sum", row(None, None), title="隐去"),
        indicator("steps", row(2.5, 9, **STEP), row(None, 0, **step)),
    )
    months = answer(
        indicator("count", row(0, 0, month="2026-01"), row(0, 0), title="零月"), by=("month",)
    )
    text = render(ReportFigures(whole, months, PLACES))
    cells = Reader(text).cells
    assert not {"零率", "零存", "移交"} & set(cells)
    assert {"结清", "隐去", "决定是否立案"} <= set(cells)
    assert "本期为零的指标（2 项）：零率、零存。" in text
    assert "本期未启动的期限（1 项）：移交（T18）。" in text
    assert "各月均为零：零月。" in text


def test_money_is_yuan_in_every_table_and_chart() -> None:
    whole = answer(indicator("sum", row(75_050, 6)))
    months = answer(
        indicator("sum", row(75_050, 6, month="2026-01"), row(75_050, 6)), by=("month",)
    )
    assert "750.50 元" in render(ReportFigures(whole, months, PLACES)).partition("二、按月情况")[2]
    [_, line, *_] = csv.reader(io.StringIO(to_csv(whole).removeprefix("\ufeff")))
    assert {"750.5", "元"} <= set(line)
    assert "分" not in line


def test_a_step_s_overdue_counts_what_was_told_though_nobody_acted() -> None:
    step = STEP | {"title": "签收回执", "value_of": "T04", "met": 7, "overdue": 3}
    text = render(ReportFigures(answer(indicator("steps", row(1, 10, **step))), MONTHS, PLACES))
    assert "3" in Reader(text).cells
    assert "移送后逾期未签收的计入超期" in text

"""Reads single cells as people type them: dates, amounts, counts, credit codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from casebus.events.identifiers import USCC_ALPHABET
from casebus.events.legaltime import CHINA, LegalTime
from casebus.events.numbers import DASHES
from casebus.sdk.importing.issues import CellError, IssueCode
from casebus.sdk.importing.spoiled import shortened
from casebus.written import plain

_DATE = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?"
    r"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?"
    r"(?:[\sT]*(?P<half>[上下]午)?\s*(?P<hour>\d{1,2})\s*[:时点]\s*(?:(?P<minute>\d{1,2})\s*分?)?"
    r"(?:\s*:?\s*(?P<second>\d{1,2})\s*秒?)?(?:\.\d{1,9})?"
    r"\s*(?P<zone>Z|UTC|[-+]\d{2}:?\d{2})?)?"
)
#: A date outside is a typing error, or a program's value for "no day".
_YEARS = range(1901, 2100)
_NOON = 12
_COMPACT_DATE = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_SERIAL_DATE = re.compile(r"(?P<days>\d{5})(?P<fraction>\.\d+)?")
#: Excel counts days from here, including its own 29 February 1900.
_SERIAL_ORIGIN = date(1899, 12, 30)
#: 1982 to 2064. Outside it, a five-digit number is more likely not a date.
SERIALS = range(30_000, 60_000)
_DAY_SECONDS = 86_400

_AMOUNT = re.compile(r"[¥￥]?\s*(?:CNY|RMB|人民币)?\s*([-+]?[\d,]*\.?\d+)\s*(万|亿)?\s*[元圆]?整?")
#: Digits in groups of three, or of four as Chinese counts. A comma elsewhere may be a decimal
#: point.
_GROUPED = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+|\d*)(?:\.\d+)?")
_COUNT = re.compile(r"(-?\d[\d,]{0,22})(?:\.0+)?\s*[个件只箱台套份张本枚条双瓶盒包]?")
_SCALE = {None: 1, "万": 10_000, "亿": 100_000_000}
_FEN = 100
_MOST_FEN = 2**63 - 1

_MARKS_OF_FORMS = re.compile(r"\A[*※★]+|(?:[*※★:]|\((?:必填|选填|可选|非必填|必填项|选填项)\))+\Z")
_USCC_WEIGHTS = tuple(pow(3, at, 31) for at in range(17))


def heading(text: str) -> str:
    """A column's name for comparison, without blanks, line breaks and the marks of forms.

    Marks are a star, 必填 and a colon. A unit stays, because 金额 may be in 万元.
    """
    return _MARKS_OF_FORMS.sub("", "".join(plain(text).split()))


def parse_date(text: str) -> LegalTime:
    """Read a legal date as a spreadsheet has it; raises CellError `bad_date`.

    Forms: 2026-03-02, 2026/3/2, 2026.3.2, 2026年3月2日, 20260302, Excel serials (45718, 45718.5),
    and each dashed form with a time of day after it. The time is Beijing's unless the cell names a
    zone. Two-digit years and day-first forms are refused, because they can be read in two ways.
    """
    return written_date(text).legal()


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A day and a time as they are in a cell, and the zone that the cell names."""

    day: date
    clock: time | None = None
    zone: tzinfo | None = None

    def legal(self, zone: tzinfo = CHINA) -> LegalTime:
        """The legal time in Beijing's zone; `zone` applies if the cell names none."""
        if self.clock is None:
            return LegalTime(self.day)
        return LegalTime.of(datetime.combine(self.day, self.clock, self.zone or zone))


def written_date(text: str) -> WrittenDate:
    """Read the forms of `parse_date`, as they are written; raises CellError `bad_date`."""
    cell = plain(text).translate(DASHES)
    if serial := _SERIAL_DATE.fullmatch(cell):
        return _from_serial(serial)
    found = _DATE.fullmatch(cell) or _COMPACT_DATE.fullmatch(cell)
    if found is None:
        raise CellError(IssueCode.BAD_DATE, "not a date of a known form")
    said = {name: one for name, one in found.groupdict().items() if one}
    if int(said["year"]) not in _YEARS:
        raise CellError(IssueCode.BAD_DATE, f"no year of any case: {said['year']}")
    try:
        return _written(said.pop("zone", ""), said.pop("half", ""), said)
    except ValueError:
        raise CellError(IssueCode.BAD_DATE, "no such day or time") from None


def _written(zone: str, half: str, said: dict[str, str]) -> WrittenDate:
    if zone.startswith("-") and "second" not in said:
        # 9:00-10:30 is a span.
        raise CellError(IssueCode.BAD_DATE, "two times, or a zone behind no seconds")
    parts = {name: int(digits) for name, digits in said.items()}
    day = date(parts["year"], parts["month"], parts["day"])
    if "hour" not in parts:
        return WrittenDate(day)
    clock = time(_hour(parts["hour"], half), parts.get("minute", 0), parts.get("second", 0))
    return WrittenDate(day, clock, _zone(zone))


def _zone(text: str) -> tzinfo | None:
    if text in {"Z", "UTC"}:
        return UTC
    return time.fromisoformat(f"00:00{text}").tzinfo if text else None


def _hour(hour: int, half: str) -> int:
    """The hour of the day for a twelve-hour time; 下午15 is one already."""
    if half == "下午":
        return hour + _NOON if hour < _NOON else hour
    if half and hour >= _NOON:
        # 上午12:30 may mean noon or midnight.
        raise ValueError(half)
    return hour


def _from_serial(found: re.Match[str]) -> WrittenDate:
    days = int(found["days"])
    if days not in SERIALS:
        raise CellError(IssueCode.BAD_DATE, "not a date of a known form")
    day = _SERIAL_ORIGIN + timedelta(days=days)
    seconds = int(Decimal(found["fraction"] or 0) * _DAY_SECONDS + Decimal("0.5"))
    if not seconds:
        return WrittenDate(day)
    seconds = min(seconds, _DAY_SECONDS - 1)
    return WrittenDate(day, time(seconds // 3600, seconds % 3600 // 60, seconds % 60))


def parse_yuan(text: str) -> int:
    """Read an amount in yuan (`21,000.50`, `¥21000`, `2.1万元`) as fen; raises `bad_amount`."""
    cell = plain(text)
    found = _AMOUNT.fullmatch(cell)
    if found is None or not _GROUPED.fullmatch(found[1]):
        raise CellError(IssueCode.BAD_AMOUNT, shortened(cell) or "not an amount in yuan")
    try:
        fen = Decimal(found[1].replace(",", "")) * _SCALE[found[2]] * _FEN
    except InvalidOperation:
        raise CellError(IssueCode.BAD_AMOUNT, "not an amount in yuan") from None
    if fen != fen.to_integral_value():
        raise CellError(IssueCode.BAD_AMOUNT, "more than two decimals")
    if not 0 <= fen <= _MOST_FEN:
        raise CellError(IssueCode.BAD_AMOUNT, "negative or out of range")
    return int(fen)


def parse_integer(text: str) -> int:
    """Read a count (`1,200`, `1200 件`); raises CellError `bad_integer`."""
    cell = plain(text)
    found = _COUNT.fullmatch(cell)
    if found is None or not _GROUPED.fullmatch(found[1]):
        raise CellError(IssueCode.BAD_INTEGER, shortened(cell) or "not a whole number")
    return int(found[1].replace(",", ""))


def uscc_fits(code: str) -> bool:
    """True if an 18-character 统一社会信用代码 has the check digit of GB 32100-2015."""
    if len(code) != len(_USCC_WEIGHTS) + 1 or any(one not in USCC_ALPHABET for one in code):
        return False
    return code[17] == uscc_check_digit(code[:17])


def uscc_check_digit(body: str) -> str:
    """The 18th character for the first 17 (mod 31 over powers of 3)."""
    total = sum(
        USCC_ALPHABET.index(one) * weight for one, weight in zip(body, _USCC_WEIGHTS, strict=True)
    )
    return USCC_ALPHABET[-total % 31]

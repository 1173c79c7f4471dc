"""What a spreadsheet does to a number, and how its cell shows that it did. Pure.

Cells that are judged come in one width (`cells.plain`).
"""

from __future__ import annotations

import re

_SHORTENED = re.compile(r"[-+]?\d(?:\.\d+)?E[-+]?\d{1,3}", re.IGNORECASE)
_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!"
    r"|UNKNOWN!|PYTHON!|GETTING_DATA|#+)",
    re.IGNORECASE,
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:[T\s]*\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:\s+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}月(?:\d{1,2}[日号])?|\d{4}年(?:\d{1,2}月)?"
    r"|[〇零一二三四五六七八九十]+年[一二三四五六七八九十]+月(?:[一二三四五六七八九十]+日)?"
    r"|[一二三四五六七八九十]+月[一二三四五六七八九十]+日"
    rf"|\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{1,4}}"
    r"|\d{1,3}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AP]M)?|[上下]午\s*\d{1,2}[:时].*",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.0+|[-+]?\d+(?:\.\d+)?%")
_TRUTH = frozenset({"true", "false"})
#: What programs and people write where there is no number.
_NOTHING = frozenset(
    {"nan", "none", "null", "n/a", "na", "nil", "undefined"}
    | {"-", "--", "—", "——", "/", "\\", "?", "无", "空"}
)
_WRAPPED = re.compile(r'="(?P<meant>[^"]*)"')
_APOSTROPHE = re.compile(r"['‘’＇](?P<meant>[^'‘’＇]+)")
_ESCAPED = re.compile(r"_x(?P<code>[0-9A-F]{4})_", re.IGNORECASE)
_KEPT_DIGITS = re.compile(r"\d{15}0+")


def is_nothing(cell: str) -> bool:
    """Whether the cell says in words that it holds no number."""
    return cell.lower() in _NOTHING


def unwrapped(text: str) -> str:
    """The text of a formula that only gives text: `="00123"`."""
    found = _WRAPPED.fullmatch(text) if text.startswith("=") else None
    return found["meant"].strip() if found else text


def without_apostrophe(text: str) -> str:
    """A number before which somebody typed `'`, to keep a spreadsheet from changing it."""
    found = _APOSTROPHE.fullmatch(text)
    return found["meant"].strip() if found else text


def unescaped(text: str) -> str:
    """Text of a workbook, where `_x000D_` stands for a character that XML cannot hold."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda one: chr(int(one["code"], 16)), text)
    return found.replace("\r\n", "\n").replace("\r", "\n")


def shortened(cell: str) -> str:
    """Why no cell that shows this is to be believed, or nothing."""
    if _SHORTENED.fullmatch(cell):
        return "the spreadsheet shortened it: its last digits are lost"
    if _ERROR.fullmatch(cell):
        return "the formula gave an error"
    return ""


def spoiled(cell: str) -> str:
    """Why a cell that shows this cannot be a case's number, or nothing."""
    if why := shortened(cell):
        return f"{cell}: {why}"
    if _DATE.fullmatch(cell):
        return f"{cell}: it shows a date or a time"
    if cell.lower() in _TRUTH:
        return f"{cell}: it shows a truth value"
    if _FRACTION.fullmatch(cell):
        return f"{cell}: it shows an amount"
    return ""


def may_have_lost_digits(cell: str) -> bool:
    """Whether all digits are zeros behind the fifteenth, as a spreadsheet leaves them."""
    return _KEPT_DIGITS.fullmatch(cell) is not None

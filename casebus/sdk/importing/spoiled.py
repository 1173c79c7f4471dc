"""Damage that a spreadsheet does to a number, and its signs in the cell. Pure.

Cells that are judged come in one width (`written.plain`).
"""

from __future__ import annotations

import re

_SHORTENED = re.compile(
    r"[-+]?\d(?:\.\d+)?(?:E[-+]?\d{1,3}|\s*[×xX*]\s*10\s*\^?\s*[-+]?\d{1,3})", re.IGNORECASE
)
#: Errors of Excel in any language, of WPS, and of LibreOffice, which numbers them.
_ERROR = re.compile(r"#(?:N/A|GETTING_DATA|#+|[\w/]{1,12}[!?])|Err:\d{3}", re.IGNORECASE)
#: Signs alone are a number too, if nothing is typed as text: -5, +1.
_FORMULA = re.compile(r"=.+|@[A-Z]+\(.*\)|\+[A-Z]+\d+.*|[-+]\d+", re.IGNORECASE | re.DOTALL)
_LIST = re.compile(r"\[[^\[\]]*\]|\{.*\}", re.DOTALL)
#: Lines that people and programs put among the rows, and signs for the cell above.
_TOTALS = frozenset(
    {"合计", "总计", "小计", "共计", "总和", "总数", "合計", "總計", "小計", "本页合计", "本页小计"}
    | {"total", "subtotal", "sum", "grandtotal"}
)
_DITTO = frozenset({"同上", "同前", "〃", "″", "ditto"})
_ZEROS = re.compile(r"0+")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:[T\s]*\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:\s+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}月(?:\d{1,2}[日号])?|\d{4}年(?:\d{1,2}月)?|\d{1,2}月-\d{1,4}|\d{1,2}-\d{1,2}月"
    r"|(?:星期|周)[一二三四五六日天]"
    r"|[〇零一二三四五六七八九十]+年[一二三四五六七八九十]+月(?:[一二三四五六七八九十]+日)?"
    r"|[一二三四五六七八九十]+月[一二三四五六七八九十]+日"
    rf"|\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{1,4}}"
    r"|\d{1,3}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AP]M)?|[上下]午\s*\d{1,2}[:时].*",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.0+|[-+]?\d+(?:\.\d+)?%")
#: Zeros at its end may be lost: 3.1 for 3.10.
_DECIMAL = re.compile(r"\d+\.\d+")
_TRUTH = frozenset({"true", "false", "是", "否"})
#: Texts of programs and people for a missing number.
_NOTHING = frozenset(
    {"nan", "none", "null", "n/a", "na", "nil", "undefined"}
    | {"无", "空", "空白", "无文号", "无编号", "无案号", "未编号", "未编", "待编", "待定", "待补"}
    | {"暂无", "不详", "未知", "不明", "见附件", "详见附件", "tbd", "unknown", "[object object]"}
)
_WRAPPED = re.compile(r'="(?P<meant>[^"]*)"')
_APOSTROPHE = re.compile(r"['‘’＇](?P<meant>[^'‘’＇]+)")
_ESCAPED = re.compile(r"_x(?P<code>[0-9A-F]{4})_", re.IGNORECASE)
#: The rest of a line end in a text that went through a workbook and out again.
_LEFT_OVER = re.compile(r"_x000[9AD]_", re.IGNORECASE)
_KEPT_DIGITS = re.compile(r"\d{15}0+")


def is_nothing(cell: str) -> bool:
    """True if the cell says that it holds no number: in words, or by signs alone."""
    inner = cell.lower().strip("()<>（）〈〉")
    is_sign = not any(map(str.isalnum, cell)) and not spoiled(cell)
    return inner in _NOTHING or cell.lower() in _NOTHING or is_sign


def without_left_overs(text: str) -> str:
    """A number without the rest of a workbook's line end: `1号_x000D_`."""
    return _LEFT_OVER.sub("", text).strip()


def unwrapped(text: str) -> str:
    """The text in a formula that only gives text: `="00123"`."""
    found = _WRAPPED.fullmatch(text) if text.startswith("=") else None
    return found["meant"].strip() if found else text


def without_apostrophe(text: str) -> str:
    """A number without the `'` that somebody typed to keep a spreadsheet from changing it."""
    found = _APOSTROPHE.fullmatch(text)
    return found["meant"].strip() if found else text


def unescaped(text: str) -> str:
    """Text of a workbook, in which `_x000D_` means a character that XML cannot hold."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda one: chr(int(one["code"], 16)), text)
    return found.replace("\r\n", "\n").replace("\r", "\n")


def shortened(cell: str) -> str:
    """The reason why a cell with this content cannot be believed, or nothing."""
    if _SHORTENED.fullmatch(cell):
        return "the spreadsheet shortened it: its last digits are lost"
    if _ERROR.fullmatch(cell):
        return "the formula gave an error"
    return ""


def spoiled(cell: str) -> str:
    """The reason why a cell with this content cannot be a case's number, or nothing."""
    if why := shortened(cell):
        return f"{cell}: {why}"
    if _DATE.fullmatch(cell):
        return f"{cell}: it shows a date or a time"
    if cell.lower() in _TRUTH:
        return f"{cell}: it shows a truth value"
    if _FRACTION.fullmatch(cell):
        return f"{cell}: it shows an amount"
    return _no_case(cell)


def _no_case(cell: str) -> str:
    """The reason why this was never the number of one case, or nothing."""
    folded = "".join(cell.split()).lower().rstrip(":")
    if folded in _TOTALS:
        return f"{cell}: it is a line of totals"
    if folded in _DITTO:
        return f"{cell}: it points to another cell: type the number"
    if _FORMULA.fullmatch(cell):
        return f"{cell}: it is a formula, or an amount with its sign"
    if _LIST.fullmatch(cell):
        return f"{cell}: it holds several values"
    return ""


def may_have_lost_digits(cell: str) -> str:
    """The reason why digits after the fifteenth may be wrong, or nothing."""
    if _KEPT_DIGITS.fullmatch(cell):
        return "its last digits are all zeros, as a spreadsheet leaves them behind the fifteenth"
    return ""


def doubtful(cell: str) -> str:
    """The reason why a case's number may not be the typed one, or nothing."""
    if _ZEROS.fullmatch(cell):
        return "a formula gives this for an empty cell"
    if _DECIMAL.fullmatch(cell):
        return "where a spreadsheet took it for an amount, zeros at its end are lost"
    return may_have_lost_digits(cell)

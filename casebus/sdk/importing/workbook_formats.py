"""The number as a workbook shows it, if its format adds something to the number. Pure."""

from __future__ import annotations

import re

_ZEROS = re.compile(r"0{2,30}")
#: Parts of a format besides digits: colours, conditions, room for a sign, a sign that fills.
_UNSEEN = re.compile(r"\[[^\]]*\]|_.|\*.")
_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|(?P<zero>0)|(?P<sign>.)', re.DOTALL)
_SCALES = ("万", "亿")
#: The value is shown divided: by a comma after the last digit, or by an inserted point.
_DIVIDED = re.compile(r"[0#?](?:\.0*)?,|[!\\]\.")
_PLAIN_SIGNS = frozenset("-/():+ ")


class ShownNumber(int):
    """A whole number that its cell shows with more: 7 as 杭西0007号."""

    shown: str

    @classmethod
    def made(cls, value: int, shown: str) -> ShownNumber:
        number = cls(value)
        number.shown = shown
        return number


def as_shown(code: str, value: float) -> int | float | str:
    """The value of a cell by its format: a text if only the format gives the meaning.

    Percents and 万 are part of an amount. Zeros before a number, and words around it, are part of a
    case's number.
    """
    first = _UNSEEN.sub("", code.partition(";")[0])
    if isinstance(value, int) and _ZEROS.fullmatch(first):
        return str(value).zfill(len(first))
    words = "".join(one["quoted"] or one["escaped"] or "" for one in _TOKEN.finditer(first))
    bare = _TOKEN.sub(lambda one: one["zero"] or one["sign"] or "", first)
    if "%" in bare:
        return f"{value * 100:.15g}%"
    scale = next((one for one in _SCALES if one in words + bare), "")
    if scale and not _DIVIDED.search(first):
        return f"{value:.15g}{scale}"
    shown = _filled(first, value) if isinstance(value, int) and value >= 0 else None
    return value if shown is None or not isinstance(value, int) else ShownNumber.made(value, shown)


def _filled(code: str, value: int) -> str | None:
    """The digits in a format of zeros and words; None for another kind of format."""
    tokens = list(_TOKEN.finditer(code))
    room = sum(one["zero"] is not None for one in tokens)
    signs = {one["sign"] for one in tokens if one["sign"]}
    if not room or room == len(tokens) or not signs <= _PLAIN_SIGNS:
        return None
    digits = str(value).zfill(room)
    # Digits without a place of their own go to the first one.
    at, shown = len(digits) - room + 1, ""
    left = [digits[:at], *digits[at:]]
    for one in tokens:
        shown += (
            left.pop(0) if one["zero"] else one["quoted"] or one["escaped"] or one["sign"] or ""
        )
    return shown

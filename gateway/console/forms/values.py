"""One typed value: read in its meant form, or refused by the key of a sentence."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.console.forms.fields import Number, TextField

_HUNDREDTHS = 100
_LONG = 2**63
_GROUPS = re.compile("[,，_ ]")
_MINUS = str.maketrans(dict.fromkeys("−–－", "-"))
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
_PLAIN = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", re.ASCII)
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_BEIJING = "+08:00"


class WrongValueError(Exception):
    """`key` of the sentence in `words.yaml`, with what fills it in."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def text(one: TextField, typed: str) -> str:
    """The typed text without the blanks around it; days and digests in their one form."""
    plain = typed.replace("\r\n", "\n").strip()
    if len(plain) > one.most:
        raise WrongValueError("wrong.long", most=one.most, count=len(plain))
    if any("\ud800" <= each <= "\udfff" for each in plain):
        raise WrongValueError("wrong.text")
    match one.shape:
        case "day":
            return _day(plain)
        case "moment":
            return _moment(plain)
        case "digest":
            return _digest(plain)
    return plain


def number(one: Number, typed: str) -> int | float:
    plain = _figures(typed)
    if not one.is_whole:
        return _double(plain)
    if not _WHOLE.fullmatch(plain):
        raise WrongValueError("wrong.whole")
    found = int(plain)
    if one.least is not None and one.most is not None and not one.least <= found <= one.most:
        raise WrongValueError("wrong.range", least=one.least, most=one.most)
    return found


def fen(typed: str) -> int:
    """Hundredths of the amount typed in units."""
    plain = _figures(typed).removeprefix("¥").removesuffix("元")
    if not _PLAIN.fullmatch(plain):
        raise WrongValueError("wrong.amount")
    found = Decimal(plain) * _HUNDREDTHS
    if found != int(found) or not -_LONG <= found < _LONG:
        raise WrongValueError("wrong.amount")
    return int(found)


def _figures(typed: str) -> str:
    """Full-width digits are digits; marks between thousands do not count."""
    plain = unicodedata.normalize("NFKC", typed).translate(_MINUS).strip()
    return _GROUPS.sub("", plain)


def _double(plain: str) -> float:
    try:
        found = float(Decimal(plain))
    except (InvalidOperation, OverflowError, ValueError):
        raise WrongValueError("wrong.number") from None
    if not math.isfinite(found):
        raise WrongValueError("wrong.number")
    return found


def _day(plain: str) -> str:
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", plain).replace(" ", ""))
    try:
        return str(date(*map(int, found.groups()))) if found else _raise("wrong.day")
    except ValueError:
        raise WrongValueError("wrong.day") from None


def _moment(plain: str) -> str:
    """With its zone, or Beijing's if none is written."""
    folded = unicodedata.normalize("NFKC", plain)
    try:
        found = datetime.fromisoformat(folded) if _MOMENT.match(folded) else _raise("wrong.moment")
    except ValueError:
        raise WrongValueError("wrong.moment") from None
    return folded if found.tzinfo else folded.replace(" ", "T") + _BEIJING


def _digest(plain: str) -> str:
    folded = unicodedata.normalize("NFKC", plain)
    return folded.lower() if _DIGEST.fullmatch(folded) else _raise("wrong.digest")


def _raise(key: str) -> Any:
    raise WrongValueError(key)

"""Identifiers of persons, rights and papers: one canonical text, and the fault in it.

A wrong check digit is reported but never refused: people mistype paper numbers, and the papers keep
their legal effect. Kinds and sources: uscc (GB 32100-2015), resident_id (GB 11643-1999), division
(GB/T 2260), patent (申请号/专利号 with ZL or CN), trademark, nice_class, case_no (法〔2015〕137号),
penalty_no, copyright_no, software_no, customs_no.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from casebus.events.numbers import canonical_number
from casebus.events.remembering import remembered

#: The possible faults; empty if there is none.
FORM = "form"
CHECK_DIGIT = "check_digit"
RANGE = "range"

#: Characters of a 统一社会信用代码; the place of each is its value.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PATENT_NEW = re.compile(r"(?:19|20)\d{2}[12389]\d{7}([\dX])?")
_PATENT_OLD = re.compile(r"\d{2}[12389]\d{5}([\dX])?")
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_CHECKS = "0123456789X"
_TRADEMARK = re.compile(r"(?:G\d{4,8}|\d{1,8})[A-Z]?")
_PROVINCES = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新军兵"
_CASE = re.compile(rf"\(\d{{4}}\)(?:最高法|[{_PROVINCES}]\d{{0,4}})知?[\u4e00-\u9fa5]{{1,4}}?\d+号")
_PENALTY = re.compile(r"[\u4e00-\u9fa5]{2,20}\(\d{4}\)(?:第)?[\dA-Z-]+号")
_COPYRIGHT = re.compile(r"国作登字-\d{4}-[A-Z]-\d{8}")
_SOFTWARE = re.compile(r"\d{4}SR\d{6,7}")
_CUSTOMS = re.compile(r"[TCP]\d{4}-\d{5,6}")
_NICE = range(1, 46)


class Identifier(NamedTuple):
    """The typed text, the text for comparison, and the fault if there is one."""

    raw: str
    canonical: str
    #: `form`, `check_digit`, `range`; empty if there is no fault.
    problem: str


@remembered(16_384)
def identify(kind: str, raw: str) -> Identifier:
    """An identifier of a kind; one of an unknown kind is only normalised."""
    plain = canonical_number(raw)
    if not plain:
        return Identifier(raw, "", "")
    canonical, problem = _KINDS.get(kind, _any)(plain)
    return Identifier(raw, canonical, problem)


def _any(text: str) -> tuple[str, str]:
    return text, ""


def _uscc(text: str) -> tuple[str, str]:
    return text, _problem(uscc.validate, text)


def _resident_id(text: str) -> tuple[str, str]:
    return text, _problem(ric.validate, text)


def _problem(validate: Callable[[str], object], text: str) -> str:
    try:
        validate(text)
    except InvalidChecksum:
        return CHECK_DIGIT
    except ValidationError:
        return FORM
    return ""


def _patent(text: str) -> tuple[str, str]:
    """`ZL 2017 1 0601862.3` → `201710601862.3`; a number without its check digit stays without."""
    digits = re.sub(r"^(?:ZL|CN)", "", text).replace(".", "")
    form = _PATENT_NEW.fullmatch(digits) or _PATENT_OLD.fullmatch(digits)
    if form is None:
        return text, FORM
    if form[1] is None:
        return digits, ""
    number, check = digits[:-1], digits[-1]
    return f"{number}.{check}", "" if _patent_check(number) == check else CHECK_DIGIT


def _patent_check(number: str) -> str:
    # An old number counts with the first eight weights, a new one with all twelve.
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECKS[total % 11]


def _trademark(text: str) -> tuple[str, str]:
    return _formed(text.removeprefix("第").removesuffix("号"), _TRADEMARK)


def _division(text: str) -> tuple[str, str]:
    # The statistical code of 12 digits begins with the six of GB/T 2260.
    form = re.fullmatch(r"([1-8]\d{5})(\d{6})?", text)
    return (text, FORM) if form is None else (form[1], "")


def _nice_class(text: str) -> tuple[str, str]:
    if not text.isdecimal():
        return text, FORM
    return str(int(text)), "" if int(text) in _NICE else RANGE


def _by(form: re.Pattern[str]) -> Callable[[str], tuple[str, str]]:
    return lambda text: _formed(text, form)


def _formed(text: str, form: re.Pattern[str]) -> tuple[str, str]:
    return text, "" if form.fullmatch(text) else FORM


_KINDS: dict[str, Callable[[str], tuple[str, str]]] = {
    "uscc": _uscc,
    "resident_id": _resident_id,
    "division": _division,
    "patent": _patent,
    "trademark": _trademark,
    "nice_class": _nice_class,
    "case_no": _by(_CASE),
    "penalty_no": _by(_PENALTY),
    "copyright_no": _by(_COPYRIGHT),
    "software_no": _by(_SOFTWARE),
    "customs_no": _by(_CUSTOMS),
}

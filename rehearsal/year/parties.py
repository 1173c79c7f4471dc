"""The parties of the cases: invented organisations and rights, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from stdnum.cn import uscc

from casebus.events.identifiers import USCC_ALPHABET
from rehearsal.year.items import CRIMINAL, items_of, way_of
from rehearsal.year.plan import Repeats

JSON = dict[str, Any]
_NAMES = "华鑫瑞丰达宏泰盛隆昌永恒嘉德利源通汇金海天顺和美联创新力博远景"
_TRADES = ("贸易", "电子商务", "服饰", "日化", "食品", "机械", "汽配", "建材", "文化传媒", "医药")
_GOODS = (
    ("运动鞋", "双"),
    ("白酒", "瓶"),
    ("润滑油", "桶"),
    ("化妆品", "盒"),
    ("箱包", "个"),
    ("轴承", "套"),
    ("手机壳", "件"),
    ("图书", "册"),
)
#: The beginning of a company's code: registered by the regulator, an enterprise.
_COMPANY = "91"
#: Share of the organisations that come from elsewhere in the province.
_FROM_ELSEWHERE = 0.2
_MARKS = ("TRADEMARK", "INVENTION", "UTILITY_MODEL", "DESIGN", "COPYRIGHT", "SOFTWARE")
_COMMON = (58, 9, 9, 12, 9, 3)
_PATENTS = {"INVENTION": "1", "UTILITY_MODEL": "2", "DESIGN": "3"}
#: Share of the crimes whose offence the offices name.
_NAMED = 0.5
#: Fen: above every standard, and so little that several seizures of it are below.
_LEAST, _MOST = 12_000_000, 800_000
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of one case. Money is in fen."""

    organisation: JSON
    holder: JSON
    right: JSON
    #: As offices name it; empty if they leave it to the items.
    offence: str
    items: list[JSON]
    goods: tuple[str, str]
    quantity: int
    value: int
    crime: bool


class Parties:
    """Each case draws by its own generator; the seed alone decides who has a number."""

    def __init__(self, seed: int, repeats: Repeats, divisions: list[JSON]) -> None:
        """`divisions` are the places where organisations have their seat."""
        self._seed, self._repeats, self._divisions = seed, repeats, divisions

    def subject(self, case: int, place: JSON, *, crime: bool, rng: random.Random) -> Subject:
        again = rng.random() < self._repeats.share
        # Some of them come again and again: the lower the number, the oftener.
        who = int(self._repeats.pool * rng.random() ** 2) if again else self._repeats.pool + case
        right = self._right(int(self._repeats.rights * rng.random() ** 2))
        if crime and right["right"]["kind"] not in CRIMINAL:
            right = self._trademark(right["number"])
        way = way_of(right["right"]["kind"], rng, crime=crime)
        goods, whole = rng.choice(_GOODS), _much(rng, crime=crime, small=way.small)
        named = crime and rng.random() < _NAMED
        return Subject(
            organisation=self.organisation(f"o{who}", place),
            holder=right["holder"],
            right=right["right"],
            offence=way.offence if named else "",
            items=items_of(way, right["right"], goods[0], whole, rng),
            goods=goods,
            quantity=whole[0],
            value=whole[1],
            crime=crime,
        )

    def organisation(self, key: str, place: JSON) -> JSON:
        rng = random.Random(f"{self._seed}/{key}")
        seat = rng.choice(self._divisions) if rng.random() < _FROM_ELSEWHERE else place
        name = "".join(rng.sample(_NAMES, 2))
        code = _COMPANY + seat["code"] + "MA" + "".join(rng.choices(USCC_ALPHABET, k=7))
        code += uscc.calc_check_digit(code)
        full = f"{seat['name']}{name}{rng.choice(_TRADES)}有限公司"
        return {"name": full, "uscc_raw": code, "uscc": code, "division": seat}

    def _right(self, number: int) -> JSON:
        rng = random.Random(f"{self._seed}/r{number}")
        kind = rng.choices(_MARKS, _COMMON)[0]
        if kind == "TRADEMARK":
            return self._trademark(number)
        return self._made(number, kind, _number(kind, rng), rng)

    def _trademark(self, number: int) -> JSON:
        rng = random.Random(f"{self._seed}/t{number}")
        made = self._made(number, "TRADEMARK", str(rng.randint(1_000_000, 69_999_999)), rng)
        made["right"]["classes"] = [rng.randint(1, 45)]
        return made

    def _made(self, number: int, kind: str, text: str, rng: random.Random) -> JSON:
        # A holder has several rights.
        holder = self.organisation(f"h{number // 3}", rng.choice(self._divisions))
        title = "".join(rng.sample(_NAMES, 2))
        right = {
            "kind": kind,
            "number_raw": text,
            "number": text,
            "title": title,
            "holder": holder["name"],
        }
        return {"number": number, "right": right, "holder": holder}


def _much(rng: random.Random, *, crime: bool, small: bool) -> tuple[int, int]:
    """Quantity and value in fen, in whole yuan."""
    if small:
        return rng.randint(3, 120), min(int(rng.lognormvariate(8, 1)) * 100, _MOST)
    value = int(rng.lognormvariate(13.0 if crime else 11.0, 0.9)) * 100
    return rng.randint(3_000, 20_000), max(value, _LEAST if crime else 0)


def _number(kind: str, rng: random.Random) -> str:
    year = rng.randint(2012, 2023)
    if kind in _PATENTS:
        digits = f"{year}{_PATENTS[kind]}{rng.randint(0, 9_999_999):07}"
        total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
        return f"ZL{digits}.{'0123456789X'[total % 11]}"
    if kind == "SOFTWARE":
        return f"{year}SR{rng.randint(0, 9_999_999):07}"
    return f"国作登字-{year}-F-{rng.randint(0, 99_999_999):08}"

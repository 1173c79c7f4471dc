"""Makes examples/referrals-2025.csv: a year of referrals in Hangzhou as an office keeps them.

Every organisation, brand and case in it is invented; the agencies are those of agencies.yaml.
The seed is fixed, so the file is the same on every machine (a test compares it). It holds the
mistakes that such spreadsheets have: see `MISTAKES`.

    python examples/make_spreadsheet.py [FILE]
"""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import yaml

from casebus.sdk.importing.cells import uscc_check_digit

SEED = 20250101
#: Filing standards for sales, and for sales and stock together, in yuan (法释〔2025〕5号, Art 5).
SALES_STANDARD, STOCK_STANDARD = 50_000, 150_000
REFERRALS = 240
FOLDER = Path(__file__).parent
FILE = FOLDER / "referrals-2025.csv"

COLUMNS = (
    "序号",
    "移送书文号",
    "移送单位",
    "受理公安机关",
    "抄送检察院",
    "案由",
    "涉嫌罪名",
    "移送标准",
    "当事人名称",
    "统一社会信用代码",
    "案发地区划",
    "涉案商品",
    "数量",
    "单位",
    "已销售金额（元）",
    "未销售货值（元）",
    "报告日期",
    "批准日期",
    "移送日期",
    "回执日期",
    "接受日期",
    "处理结果",
    "决定日期",
    "立案决定书文号",
    "物品移交日期",
    "备注",
)
Row = dict[str, str]


@dataclass(frozen=True)
class District:
    """A county-level division, its short name on papers, how its clerk writes dates."""

    division: str
    short: str
    style: Callable[[date], str]


def dashed(day: date) -> str:
    return day.isoformat()


def slashed(day: date) -> str:
    return f"{day.year}/{day.month}/{day.day}"


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def compact(day: date) -> str:
    return f"{day:%Y%m%d}"


def serial(day: date) -> str:
    """What a cell shows when Excel forgets that it is a date."""
    return str((day - date(1899, 12, 30)).days)


DISTRICTS = (
    District("330106", "杭西", dashed),
    District("330108", "杭滨", slashed),
    District("330110", "杭余", chinese),
    District("330109", "杭萧", compact),
    District("330102", "杭上", dashed),
    District("330105", "杭拱", serial),
)

#: Offence, its goods (name, unit, lowest and highest price in yuan).
OFFENCES = {
    "假冒注册商标罪": (
        ("运动鞋", "双", 180, 620),
        ("保温杯", "个", 60, 240),
        ("茶叶", "袋", 80, 300),
    ),
    "销售假冒注册商标的商品罪": (
        ("化妆品套装", "套", 90, 480),
        ("女式手袋", "只", 150, 900),
        ("白酒", "瓶", 120, 1300),
        ("汽车滤清器", "件", 25, 110),
        ("羽绒服", "件", 200, 780),
    ),
    "非法制造、销售非法制造的注册商标标识罪": (("商标标识", "件", 1, 4), ("包装盒", "个", 2, 9)),
    "侵犯著作权罪": (("图书", "册", 18, 60), ("积木玩具", "盒", 40, 260)),
    "销售侵权复制品罪": (("光盘", "张", 8, 35), ("教辅图书", "册", 15, 55)),
}
_MARKS = ("晴屿", "青溪", "鹿野", "泊岸", "云帆", "柚禾", "远岫", "拾光", "松间", "澜沧")
_TRADES = ("服饰", "贸易", "电子商务", "日用品", "文化用品", "酒业", "汽车配件", "箱包", "印务")
_KINDS = ("有限公司", "商行", "经营部", "工厂")
_SYLLABLES = "晟凯瑞恒锦泰丰源宏达嘉和诚信博远鑫隆佳美盛华德润"


class Year:
    """Draws a year of referrals; the same seed draws the same year."""

    def __init__(self, seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self._names = {
            row["id"]: row["name"]
            for row in yaml.safe_load((FOLDER / "agencies.yaml").read_text(encoding="utf-8"))
        }
        self._letters = dict.fromkeys((one.division for one in DISTRICTS), 0)
        self._filings = dict.fromkeys((one.division for one in DISTRICTS), 0)

    def rows(self, count: int = REFERRALS) -> list[Row]:
        first = date(2025, 1, 2)
        days = sorted(self._random.randrange(362) for _ in range(count))
        return [self._row(at, first + timedelta(days=day)) for at, day in enumerate(days, start=1)]

    def _row(self, at: int, reported: date) -> Row:
        draw = self._random
        district = draw.choice(DISTRICTS)
        offence = draw.choice(list(OFFENCES))
        goods, unit, low, high = draw.choice(OFFENCES[offence])
        mark = draw.choice(_MARKS)
        self._letters[district.division] += 1
        row = dict.fromkeys(COLUMNS, "")
        row |= {
            "序号": str(at),
            "移送书文号": f"{district.short}市监移〔2025〕{self._letters[district.division]}号",
            "案由": f"涉嫌{offence.removesuffix('罪')}",
            "涉嫌罪名": offence,
            "当事人名称": self._organisation(),
            "统一社会信用代码": self._uscc(district.division),
            "案发地区划": district.division,
            "涉案商品": f"标注“{mark}”的{goods}",
            "单位": unit,
        }
        for column, kind in (("移送单位", "amr"), ("受理公安机关", "psb"), ("抄送检察院", "pro")):
            row[column] = self._names[f"cn-{district.division}-{kind}"]
        row |= self._amounts(unit, low, high)
        row |= self._dates(district, reported)
        return row

    def _amounts(self, unit: str, low: int, high: int) -> Row:
        draw = self._random
        price = draw.randint(low, high)
        value = draw.randint(30_000, 420_000)
        sold = draw.choice((0, draw.randint(4_000, 160_000)))
        count = max(1, value // price)
        reaches = value + sold >= STOCK_STANDARD or sold >= SALES_STANDARD
        return {
            "数量": str(count),
            "单位": unit,
            "已销售金额（元）": str(sold),
            "未销售货值（元）": draw.choice((str(count * price), f"{count * price:,}.00")),
            "移送标准": "达到追诉标准" if reaches else "合理嫌疑",
        }

    def _dates(self, district: District, reported: date) -> Row:
        draw = self._random
        approved = reported + timedelta(days=draw.choice((0, 1, 1, 2, 3)))
        sent = approved + timedelta(days=draw.choice((0, 1, 1, 1, 2)))
        accepted = sent + timedelta(days=draw.choice((0, 0, 0, 1)))
        decided = accepted + timedelta(days=draw.choice((1, 2, 2, 3, 3, 3, 7, 12)))
        outcome = draw.choices(("立案", "不予立案"), (84, 16))[0]
        if decided > date(2025, 12, 31):
            outcome = "审查中"
        days = {"报告日期": reported, "批准日期": approved, "移送日期": sent}
        days |= {"回执日期": sent, "接受日期": accepted}
        known = {"处理结果": outcome}
        if outcome != "审查中":
            days["决定日期"] = decided
        if outcome == "立案":
            self._filings[district.division] += 1
            serial_no = f"{self._filings[district.division]:05}"
            known["立案决定书文号"] = f"{district.short}公（经）立字〔2025〕{serial_no}号"
            days["物品移交日期"] = decided + timedelta(days=draw.choice((1, 2, 3, 3, 5)))
        return known | {column: district.style(day) for column, day in days.items()}

    def _organisation(self) -> str:
        name = "".join(self._random.sample(_SYLLABLES, 2))
        return f"杭州{name}{self._random.choice(_TRADES)}{self._random.choice(_KINDS)}"

    def _uscc(self, division: str) -> str:
        body = "MA2" + "".join(self._random.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=5))
        code = f"91{division}{body}{_organisation_check(body)}"
        return code + uscc_check_digit(code)


def _organisation_check(body: str) -> str:
    """The ninth character of an organisation code (GB 11714, mod 11)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(one, 36) * weight for one, weight in zip(body, weights, strict=True))
    return "0123456789X0"[11 - total % 11] if total % 11 else "0"


def wide(text: str) -> str:
    """Digits as a Chinese input method types them."""
    return text.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})


_SQUARE = str.maketrans("〔〕", "［］")
#: What is wrong with which referral (counted from 1): column → what the clerk typed.
MISTAKES: dict[int, Callable[[Row], Row]] = {
    17: lambda row: {"统一社会信用代码": row["统一社会信用代码"][:-1] + _another(row)},
    42: lambda _: {"移送日期": "2025-02-30"},
    58: lambda _: {"未销售货值（元）": ""},
    73: lambda row: {"已销售金额（元）": wide("48600"), "数量": wide(row["数量"])},
    96: lambda _: {"移送单位": "杭州市钱塘区市场监督管理局"},
    111: lambda _: {"抄送检察院": "西湖区检查院"},
    128: lambda _: {"已销售金额（元）": "约三万"},
    150: lambda _: {"移送书文号": ""},
    171: lambda row: {"移送书文号": wide(row["移送书文号"]).translate(_SQUARE)},
    186: lambda _: {"数量": "一批"},
    204: lambda _: {"处理结果": "立案", "决定日期": ""},
    223: lambda _: {"报告日期": "12/1/25"},
}
#: (copied referral, what differs in the copy at the end of the file)
COPIES: tuple[tuple[int, Row], ...] = ((31, {}), (88, {"已销售金额（元）": "99999"}))


def _another(row: Row) -> str:
    return "A" if row["统一社会信用代码"][-1] != "A" else "B"


def with_mistakes(rows: list[Row]) -> Iterator[Row]:
    for at, row in enumerate(rows, start=1):
        yield row | MISTAKES.get(at, lambda _: {})(row)
    for at, differs in COPIES:
        yield rows[at - 1] | differs


def render(seed: int = SEED) -> bytes:
    """The file as Excel writes it: UTF-8 with the mark, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(with_mistakes(Year(seed).rows()))
    return out.getvalue().encode("utf-8-sig")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    target.write_bytes(render())

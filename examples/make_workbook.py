"""Makes examples/referrals-2025.xlsx: the same office's referrals as its districts hand them in.

One sheet a district, each with a title, a heading in two rows, the receiving police in merged
cells, days as Excel dates, and the mistakes such workbooks have. All of it is invented; the seed
is fixed.

    python examples/make_workbook.py [FILE]
"""

from __future__ import annotations

import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

SEED = 20250102
FILE = Path(__file__).parent / "referrals-2025.xlsx"
DISTRICTS = {"上城区": "杭上", "拱墅区": "杭拱"}
UPPER = ("文号", "受理公安机关", "案由", "金额（元）", None, "日期", None, None, "备注")
LOWER = (None, None, None, "已销售", "未销售", "移送", "接受", "立案", None)
MERGED = ("A1:I1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:H2", "I2:I3")
FIRST_ROW = 4
REFERRALS = 12
#: Share of the referrals that police filed.
FILED = 0.8
MATTERS = ("涉嫌假冒注册商标", "涉嫌销售假冒注册商标的商品", "涉嫌侵犯著作权")


def rows(district: str, short: str, rng: random.Random) -> list[list[Any]]:
    """A district's referrals in order; three of them with a mistake."""
    # A workbook's dates have no zone.
    day = datetime.fromisoformat("2025-01-06")
    made: list[list[Any]] = []
    for number in range(1, REFERRALS + 1):
        day += timedelta(days=rng.randint(3, 9))
        accepted = day + timedelta(days=rng.randint(1, 3))
        filed = accepted + timedelta(days=rng.randint(2, 7)) if rng.random() < FILED else None
        letter = f"{short}市监移〔2025〕{number}号"
        police = f"杭州市公安局{district}分局" if number == 1 else None
        amounts = [rng.randint(0, 90_000), round(rng.uniform(10_000, 400_000), 2)]
        made.append([letter, police, rng.choice(MATTERS), *amounts, day, accepted, filed, None])
    # Text where a date belongs, an error, a formula whose value nobody ever calculated.
    made[3][5] = f"{made[3][5]:%Y年%m月%d日}"
    made[6][7] = "#VALUE!"
    made[8][4] = "=1+1"
    return made


def fill(sheet: Worksheet, district: str, body: list[list[Any]]) -> None:
    sheet.append([f"杭州市{district}市场监督管理局 2025 年案件移送台账"])
    for row in (UPPER, LOWER, *body):
        sheet.append(row)
    for area in (*MERGED, f"B{FIRST_ROW}:B{FIRST_ROW + len(body) - 1}"):
        sheet.merge_cells(area)
    sheet["A1"].font = Font(bold=True)
    sheet["A1"].alignment = Alignment(horizontal="center")
    for row in sheet.iter_rows(min_row=FIRST_ROW):
        for cell in row:
            if isinstance(cell.value, datetime):
                cell.number_format = "yyyy/m/d"
            if cell.value == "#VALUE!":
                cell.data_type = "e"


def make() -> Workbook:
    book, rng = Workbook(), random.Random(SEED)
    book.remove(book.worksheets[0])
    for district, short in DISTRICTS.items():
        fill(book.create_sheet(district), district, rows(district, short, rng))
    return book


if __name__ == "__main__":
    make().save(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from casebus.events.schemas import Schemas
from casebus.sdk.importing.agencies import load_agencies
from casebus.sdk.importing.files import FileRows, inspect
from casebus.sdk.importing.issues import Issue
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.report import ImportSummary
from casebus.sdk.importing.run import Importer, ImportPorts
from casebus.sdk.store import Store
from casebus.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
FILE = EXAMPLES / "referrals-2025.csv"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_spreadsheet", EXAMPLES / "make_spreadsheet.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportSummary, list[Issue]]:
    ports = ImportPorts(
        schemas=Schemas.load(Settings().schemas_dir),
        store=Store.open(tmp_path_factory.mktemp("store") / "a.sqlite"),
        agencies=load_agencies(EXAMPLES / "agencies.yaml"),
        can_sign=lambda _agency: True,
    )
    mapping = Mapping.load(EXAMPLES / "referrals-2025.mapping.yaml")
    source, issues = inspect(FILE), list[Issue]()
    done = Importer("cn-330100-amr", mapping, ports).run(
        source, FileRows(source, mapping), issues.append
    )
    return done, issues


def test_the_seed_makes_the_file_that_is_committed(generator: ModuleType) -> None:
    assert generator.render() == FILE.read_bytes()


@pytest.mark.slow
def test_every_known_mistake_is_found_and_nothing_else(
    dry_run: tuple[ImportSummary, list[Issue]],
) -> None:
    done, issues = dry_run
    assert [(one.row, one.column, one.code) for one in issues if one.refused] == [
        (43, "移送日期", "bad_date"),
        (97, "移送单位", "unknown_source"),
        (129, "已销售金额（元）", "bad_amount"),
        (151, "移送书文号", "missing_value"),
        (187, "数量", "bad_integer"),
        (205, "决定日期", "missing_value"),
        (224, "报告日期", "bad_date"),
        (242, "移送书文号", "duplicate_row"),
        (243, "移送书文号", "number_repeated"),
    ]
    assert [(one.row, one.column, one.code) for one in issues if not one.refused] == [
        (18, "统一社会信用代码", "wrong_check_digit"),
        (59, "未销售货值（元）", "empty_cell"),
        (112, "抄送检察院", "unknown_agency"),
    ]
    assert (done.rows_read, done.rows_taken, done.rows_refused) == (242, 233, 9)


def test_the_year_has_every_month_every_district_and_both_outcomes(generator: ModuleType) -> None:
    rows = generator.Year().rows()
    assert len(rows) >= 200
    assert len({row["移送单位"] for row in rows}) == 6
    assert {row["处理结果"] for row in rows} == {"立案", "不予立案", "审查中"}

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from openpyxl import load_workbook

from casebus.events.schemas import Schemas
from casebus.sdk.importing.agencies import load_agencies
from casebus.sdk.importing.files import FileRows, inspect
from casebus.sdk.importing.issues import Issue
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.run import Importer, ImportPorts
from casebus.sdk.store import Store
from casebus.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
FILE = EXAMPLES / "referrals-2025.xlsx"


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_workbook", EXAMPLES / "make_workbook.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_seed_makes_the_workbook_that_is_committed(
    generator: ModuleType, tmp_path: Path
) -> None:
    generator.make().save(tmp_path / "a.xlsx")
    made, kept = (load_workbook(path) for path in (tmp_path / "a.xlsx", FILE))
    assert made.sheetnames == kept.sheetnames
    for name in kept.sheetnames:
        assert list(made[name].values) == list(kept[name].values)
        assert str(made[name].merged_cells) == str(kept[name].merged_cells)


def test_every_known_mistake_is_found_and_nothing_else(tmp_path: Path) -> None:
    mapping = Mapping.load(EXAMPLES / "referrals-2025-workbook.mapping.yaml")
    ports = ImportPorts(
        schemas=Schemas.load(Settings().schemas_dir),
        store=Store.open(tmp_path / "a.sqlite"),
        agencies=load_agencies(EXAMPLES / "agencies.yaml"),
        can_sign=lambda _agency: True,
    )
    issues: list[Issue] = []
    source = inspect(FILE)
    done = Importer(mapping.agency, mapping, ports).run(
        source, FileRows(source, mapping), issues.append
    )
    assert (done.rows_read, done.rows_taken, done.rows_refused) == (24, 20, 4)
    assert [(one.sheet, one.row, one.column, one.code) for one in issues] == [
        ("上城区", 10, "日期/立案", "bad_cell"),
        ("上城区", 12, "金额(元)/未销售", "bad_cell"),
        ("拱墅区", 10, "日期/立案", "bad_cell"),
        ("拱墅区", 12, "金额(元)/未销售", "bad_cell"),
    ]

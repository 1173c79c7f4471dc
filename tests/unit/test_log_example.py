from __future__ import annotations

import importlib.util
from pathlib import Path

from casebus.events.schemas import Schemas
from casebus.sdk.importing.agencies import load_agencies
from casebus.sdk.importing.issues import Issue
from casebus.sdk.importing.kinds import load_mapping
from casebus.sdk.importing.logs.load import LogLoader
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile, inspect_log
from casebus.sdk.importing.run import ImportPorts
from casebus.sdk.store import Store
from casebus.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
FILE = EXAMPLES / "old-system.xes"


def test_the_seed_makes_the_log_that_is_committed() -> None:
    spec = importlib.util.spec_from_file_location("make_log", EXAMPLES / "make_log.py")
    assert spec
    assert spec.loader
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert "".join(generator.lines(generator.CASES)) == FILE.read_text("utf-8")


def test_the_example_loads_but_for_what_nobody_listed(tmp_path: Path) -> None:
    mapping = load_mapping(EXAMPLES / "old-system.mapping.yaml")
    assert isinstance(mapping, LogMapping)
    ports = ImportPorts(
        schemas=Schemas.load(Settings().schemas_dir),
        store=Store.open(tmp_path / "a.sqlite"),
        agencies=load_agencies(EXAMPLES / "agencies.yaml"),
        can_sign=lambda _agency: True,
    )
    issues: list[Issue] = []
    log = inspect_log(FILE, mapping)
    done = LogLoader(mapping.agency, mapping, ports).run(log, LogFile(log, mapping), issues.append)
    refused = [(one.code, one.detail) for one in issues if one.refused]
    assert set(refused) == {("unknown_activity", "数据迁移")}
    assert done.rows_read == 58
    assert done.events == done.rows_taken == 58 - len(refused)

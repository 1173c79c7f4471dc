"""A log goes through reading, minting and signing into the store in memory that is flat."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.sdk.importing.agencies import load_agencies
from casebus.sdk.importing.kinds import load_mapping
from casebus.sdk.importing.logs.load import BATCH_ENTRIES, LogLoader
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile, inspect_log
from casebus.sdk.importing.run import ImportPorts
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.trust.keys import SigningKey

pytestmark = [pytest.mark.slow, pytest.mark.long]
EXAMPLES = Path(__file__).parents[2] / "examples"
#: About six events each.
CASES = 8_000
#: Of the interpreter's and SQLite's own caches, once the first fifth has filled them.
MOST_GROWTH = 16 << 20


class Nowhere:
    """Takes every record, and counts."""

    def __init__(self) -> None:
        self.taken = 0

    def send(self, records: Sequence[StoredRecord]) -> list[tuple[int, int] | CasebusError]:
        self.taken += len(records)
        return [(0, 0)] * len(records)

    def close(self) -> None: ...


@pytest.fixture
def log(tmp_path: Path) -> Path:
    spec = importlib.util.spec_from_file_location("make_log", EXAMPLES / "make_log.py")
    assert spec
    assert spec.loader
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    path = tmp_path / "long.xes.gz"
    generator.write(path, CASES)
    return path


@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_log_and_a_second_load_sends_nothing(
    log: Path, tmp_path: Path
) -> None:
    for agency in ("cn-330106-amr", "cn-330106-psb"):
        SigningKey.generate().save(tmp_path / "keys" / f"{agency}.pem")
    settings = Settings(agency="cn-330106-amr", keys_dir=tmp_path / "keys", home=tmp_path)
    schemas, store = Schemas.load(settings.schemas_dir), Store.open(tmp_path / "a.sqlite")
    mapping, sink = load_mapping(EXAMPLES / "old-system.mapping.yaml"), Nowhere()
    assert isinstance(mapping, LogMapping)
    publisher = Publisher(
        settings, schemas=schemas, store=store, door_of=lambda _: "events.police", sink=sink
    )
    ports = ImportPorts(
        schemas=schemas,
        store=store,
        agencies=load_agencies(EXAMPLES / "agencies.yaml"),
        can_sign=lambda _: True,
        publish=publisher.publish,
    )
    process, sizes = psutil.Process(), list[int]()
    source = inspect_log(log, mapping)

    def load() -> int:
        before = sink.taken
        LogLoader(mapping.agency, mapping, ports).run(
            source,
            LogFile(source, mapping),
            lambda _: None,
            lambda: sizes.append(process.memory_info().rss),
        )
        return sink.taken - before

    sent = load()
    assert sent > 5 * CASES
    assert len(sizes) >= sent / BATCH_ENTRIES
    assert max(sizes) - sizes[len(sizes) // 5] < MOST_GROWTH
    assert load() == 0
    assert max(sizes) - sizes[len(sizes) // 10] < MOST_GROWTH

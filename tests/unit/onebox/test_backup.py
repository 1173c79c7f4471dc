"""A backup is restored only whole, unaltered, and where it belongs."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from casebus.errors import CasebusError
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from onebox import credentials, keypack, launch, restore
from onebox.options import Options
from onebox.places import Home
from onebox.ports import free_port_base
from operations.backup import files, manifest
from operations.backup.chosen import chosen
from operations.backup.files import BackupFile
from operations.backup.manifest import Manifest
from operations.backup.records import pack, unpack
from operations.backup.taking import Source, backup
from storage.restoring import Written

ROOT_DIGEST = "ab" * 32
RECORDS = [
    Written(1_772_000_000_000, b"key", b"value", (("ce_id", b"1"), ("cb-flags", b""))),
    Written(1_772_000_000_001, None, None, ()),
    Written(1_772_000_000_002, b"", b"", (("ce_id", "移".encode()),)),
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").make()
    known = credentials.load(home)
    known.root_digest = ROOT_DIGEST
    credentials.save(home, known)
    SigningKey.generate().save(home.root_key)
    return home


@pytest.fixture
def folder(tmp_path: Path, home: Home) -> Path:
    """One finished backup, of three records."""
    folder = tmp_path / "backups"
    with files.packed(folder, "journal-1/0-000000000000.gz") as output:
        output.writelines(pack(at, one) for at, one in enumerate(RECORDS))
    with files.packed(folder, "own-000001/outbox.gz") as output:
        output.write(b"1\tevent\n")
    with files.packed(folder, "own-000001/schemas.json.gz") as output:
        ids = (Settings().schemas_dir / "ids.json").read_text(encoding="utf-8")
        output.write(orjson.dumps({"ids.json": ids}))
    manifest.write(folder, _manifest(folder, keypack.pack(folder, 1, home)))
    return folder


def _manifest(folder: Path, packed: BackupFile | None, **changes: Any) -> Manifest:
    journal = files.sealed(
        folder, "journal-1/0-000000000000.gz", partition=0, first=0, count=len(RECORDS)
    )
    given = {
        "number": 1,
        "taken_at": "2026-03-05T01:00:00+00:00",
        "release": "0.1.0",
        "installation": ROOT_DIGEST,
        "epoch": 1,
        "partitions": 4,
        "migrations": {},
        "law": {},
        "ends": {"events.police": {0: 7, 10: 3}},
        "own": [files.sealed(folder, "own-000001/outbox.gz", table="outbox", columns=("id",))],
        "journal": [journal],
        "directory": [],
        "schemas": files.sealed(folder, "own-000001/schemas.json.gz"),
        "keys": packed,
    }
    return Manifest(**{**given, **changes})


def _code(run: Callable[[], object]) -> str:
    with pytest.raises(CasebusError) as raised:
        run()
    return raised.value.code


def _options(home: Path) -> Options:
    return Options(home, free_port_base())


def test_records_come_back_as_they_were() -> None:
    packed = BytesIO(b"".join(pack(at, one) for at, one in enumerate(RECORDS)))
    assert list(unpack(packed)) == list(enumerate(RECORDS))


def test_a_manifest_comes_back_as_it_was_written(folder: Path) -> None:
    found = chosen(folder).manifest
    assert found == _manifest(folder, found.keys)


def test_every_file_that_is_cut_off_or_missing_is_named(folder: Path) -> None:
    for part in chosen(folder).manifest.parts():
        path = folder / part.name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        assert _code(lambda: chosen(folder)) == "backup_incomplete"
        path.unlink()
        assert _code(lambda: chosen(folder)) == "backup_incomplete"
        path.write_bytes(whole)
    assert chosen(folder)


def test_one_bit_changed_anywhere_is_noticed(folder: Path) -> None:
    told = {"backup_altered", "backup_unreadable"}
    for path in [one for one in folder.rglob("*") if one.is_file()]:
        whole = bytearray(path.read_bytes())
        for at in {0, len(whole) // 2, len(whole) - 2}:
            whole[at] ^= 1
            path.write_bytes(whole)
            assert _code(lambda: chosen(folder)) in told, f"{path} byte {at}"
            whole[at] ^= 1
        path.write_bytes(whole)
    assert chosen(folder)


def test_what_a_killed_run_left_is_no_backup(folder: Path) -> None:
    (folder / ".backup-000002.json.new").write_bytes(b"{")
    assert chosen(folder).manifest.number == 1
    assert _code(lambda: chosen(folder, 2)) == "backup_missing"
    assert _code(lambda: chosen(folder.parent / "nothing")) == "backup_missing"


def test_a_manifest_names_nothing_outside_its_folder(folder: Path) -> None:
    outside = BackupFile("../home/credentials.json", "00" * 32, 1)
    manifest.write(folder, _manifest(folder, None, own=[outside]))
    assert _code(lambda: chosen(folder)) == "backup_unreadable"


@pytest.mark.parametrize("changes", [{"migrations": {"9999_later.sql": "00"}}, {"form": 2}])
def test_a_backup_of_a_newer_release_is_left_to_it(folder: Path, changes: dict[str, Any]) -> None:
    manifest.write(folder, _manifest(folder, None, **changes))
    assert _code(lambda: chosen(folder)) == "release_is_older"


def test_a_home_that_is_not_empty_is_left_as_it_is(folder: Path, home: Home) -> None:
    home.kafka.mkdir()
    run = restore.restore(_options(home.path), chosen(folder))
    assert _code(lambda: asyncio.run(run)) == "home_not_empty"
    assert not home.postgres.exists()


def test_keys_come_back_closed_to_others(folder: Path, tmp_path: Path, home: Home) -> None:
    new = Home(tmp_path / "new")
    restore.bring_keys(_options(new.path), chosen(folder))
    for path in (new.credentials, new.root_key):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_bytes() == (home.path / path.name).read_bytes()


def test_without_keys_or_with_another_installations_nothing_is_restored(
    folder: Path, tmp_path: Path, home: Home
) -> None:
    manifest.write(folder, _manifest(folder, None))
    new = _options(tmp_path / "new")
    assert _code(lambda: restore.bring_keys(new, chosen(folder))) == "keys_missing"
    manifest.write(folder, _manifest(folder, None, installation="cd" * 32))
    other = _options(home.path)
    assert _code(lambda: restore.bring_keys(other, chosen(folder))) == ("backup_of_another")


def test_another_number_of_partitions_is_refused(folder: Path, tmp_path: Path) -> None:
    manifest.write(folder, _manifest(folder, None, partitions=8))
    run = restore.restore(_options(tmp_path / "new"), chosen(folder))
    assert _code(lambda: asyncio.run(run)) == "partitions_differ"


def test_one_backup_at_a_time_and_of_one_installation(folder: Path, home: Home) -> None:
    source = Source(Settings(), "cd" * 32, {})
    assert _code(lambda: asyncio.run(backup(source, folder))) == "backup_of_another"
    descriptor = os.open(folder / ".lock", os.O_WRONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert _code(lambda: asyncio.run(backup(source, folder))) == "backup_runs"
    os.close(descriptor)


def test_a_home_half_restored_is_not_started(home: Home) -> None:
    home.restoring.touch()
    options = _options(home.path)
    assert _code(lambda: launch.require_startable(options)) == "restore_unfinished"

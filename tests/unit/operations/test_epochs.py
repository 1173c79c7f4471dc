"""One epoch is begun once, however often a backup is restored."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebus.cases import facts
from operations.backup import epochs


def test_one_backup_that_is_restored_twice_begins_two_epochs(tmp_path: Path) -> None:
    begun = [epochs.begin(tmp_path, 1) for _ in range(5)]
    assert begun == sorted(set(begun))
    assert min(begun) > 1


def test_what_another_restore_drew_meanwhile_is_not_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _most: 0)
    (tmp_path / "epoch-000002.begun").touch()
    seen: list[Path] = []
    # The folder was looked through before the other one noted its own.
    monkeypatch.setattr(Path, "iterdir", lambda _folder: iter(seen))
    assert epochs.begin(tmp_path, 1) == 3


def test_copies_of_a_backup_and_tables_without_one_draw_their_epochs(tmp_path: Path) -> None:
    begun = set()
    for name in ("one", "other", "third"):
        copy = tmp_path / name
        copy.mkdir()
        begun.add(epochs.begin(copy, 1))
        begun.add(epochs.following(1))
    assert len(begun) > 1


def test_a_medium_that_is_only_read_is_restored_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(epochs, "_note", refused)
    assert epochs.begin(tmp_path, 7) > 7


def test_there_is_room_for_many_restores_and_revisions_of_facts_hold_the_last() -> None:
    epoch, count = 1, 0
    while epoch < epochs.MOST:
        epoch, count = epochs.following(epoch), count + 1
    assert count > 200
    assert epochs.MOST * facts._EPOCH < 1 << 63 <= (epochs.MOST + 1) * facts._EPOCH

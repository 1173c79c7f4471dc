"""Which law the installation adopts by itself when it starts, and which it leaves in force."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.doors import BUS
from casebus.law import LawError
from casebus.settings import Settings
from onebox import credentials
from onebox.installation import Installation
from onebox.keyfolder import KeyFolder
from onebox.places import Home
from operations.adoption import announcing
from operations.adoption.announcing import Adoption
from tests.case_events import ROOT


class Place:
    """An installation with files of its own, whose brokers note what they are told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(ROOT / "policies", folder / "policies")
        self.law = folder / "policies/law"
        home = Home(folder / "home").make()
        settings = Settings(home=home.path, policies_dir=folder / "policies", keys_dir=home.keys)
        self.installation = Installation(home, settings, credentials.load(home))
        self.installation.stamp.write_text(json.dumps({"cluster": "one"}), encoding="utf-8")
        KeyFolder(home.keys, home).of(BUS)
        self.adopted: list[Adoption] = []
        self.kept: list[str] = []
        self.done: list[str] = []

        async def keep(_: str, policies: Path) -> None:
            self.kept.append(announcing.digest_of(policies))
            self.done.append("kept")

        def adopt(_settings: Any, _key: Any, adoption: Adoption) -> None:
            self.adopted.append(adoption)
            self.done.append("adopted")

        monkeypatch.setattr(announcing, "keep", keep)
        monkeypatch.setattr(announcing, "adopt", adopt)

    def change(self, text: bytes) -> str:
        path = self.law / "triage.yaml"
        path.write_bytes(path.read_bytes() + text)
        return announcing.digest_of(self.law.parent)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


@pytest.mark.slow
async def test_the_bundle_is_kept_before_anything_is_journaled(place: Place) -> None:
    await place.installation.adopt_law()
    assert place.done == ["kept", "adopted"]


@pytest.mark.slow
async def test_changed_files_are_adopted_once_in_nobody_s_name(place: Place) -> None:
    await place.installation.adopt_law()
    await place.installation.adopt_law()
    first = announcing.digest_of(place.law.parent)
    second = place.change(b"# again\n")
    await place.installation.adopt_law()
    assert [(one.digest, one.previous, one.author) for one in place.adopted] == [
        (first, "", ""),
        (second, first, ""),
    ]


@pytest.mark.slow
async def test_what_an_author_adopted_stays_until_the_files_change_again(place: Place) -> None:
    await place.installation.adopt_law()
    here = announcing.digest_of(place.law.parent)
    place.installation.note_law("d" * 64, installed=here)
    await place.installation.adopt_law()
    assert len(place.adopted) == 1
    changed = place.change(b"# again\n")
    await place.installation.adopt_law()
    last = place.adopted[-1]
    assert (last.digest, last.previous) == (changed, "d" * 64)


@pytest.mark.slow
async def test_files_that_are_wrong_are_neither_kept_nor_adopted(place: Place) -> None:
    await place.installation.adopt_law()
    place.change(b"rules: []\n")
    with pytest.raises(LawError, match=r"triage\.yaml: line \d+: rules stands twice"):
        await place.installation.adopt_law()
    assert len(place.adopted) == len(place.kept) == 1


def test_a_law_that_comes_back_is_adopted_by_an_event_of_its_own() -> None:
    stream = uuid4()
    ids = {Adoption("a", "b", before=times).event_id(stream) for times in (0, 2, 4)}
    assert len(ids) == 3
    assert Adoption("a", "b").event_id(stream) == Adoption("a", "b", "wang").event_id(stream)

"""A backup taken while events flow comes back in an empty home; a lost Kafka from the tables."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.sdk.client import Client
from casebus.sdk.event import NewEvent
from casebus.settings import Settings
from onebox import credentials, keypack, launch, restore
from onebox.commands.restore import restore as restore_command
from onebox.installation import Installation
from onebox.options import SERVICES, Options, read_options
from onebox.ports import free_port_base
from onebox.testing import Stack
from operations.backup.chosen import chosen
from operations.backup.taking import Source, TakenBackup, backup
from storage.packing import unpack_headers
from tests.integration.street import AMR, DOORS, PRO, PSB, Bus, opened

pytestmark = [pytest.mark.connected, pytest.mark.long, pytest.mark.timeout(900)]

#: What each case comes to, without the places at which its events stand.
_COMES_TO = {
    "case_state": "stream, procedure, status, opener, digest, law, suspended, pinned",
    "clock": "stream, key, clock, status, historic, due, breach_after, view",
    "work_item": "key, stream, agency, duty, is_open, due, version, unit, view",
    "finding": "stream, key, kind, view",
    "party": "stream, agency",
    "number": "value, kind, stream, agency",
    "journal": "partition, log_index, value, headers, appended_at",
    "event": "stream, source, id, type, author, recipients, legal_at, recorded_at, event_leaf",
}


class Told:
    """One story: what was sent, and both backups of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.streams: list[str] = []
        self.first: TakenBackup
        self.second: TakenBackup
        #: Where the agency's own system keeps what it sent; what it sent last, behind the backups.
        self.agency = folder.parent / "agency"
        self.lost = ""
        #: Of each table: what every row says.
        self.comes_to: dict[str, list[str]] = {}


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Where PostgreSQL, which does not run as root, gets to."""
    folder = Path(tempfile.mkdtemp(prefix="casebus-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def told(scratch: Path) -> Told:
    """An installation that was backed up twice, and is gone."""
    story = Told(scratch / "backups")
    with Stack() as stack, _bus(stack) as bus:
        story.streams = [opened(bus)[0] for _ in range(3)]
        flowing = threading.Thread(target=_flow, args=(bus, story.streams))
        flowing.start()
        story.first = _back_up(stack, story.folder)
        flowing.join()
        _answer(bus, story.streams[0])
        _verified(bus)
        story.second = _back_up(stack, story.folder)
        story.comes_to = _comes_to(bus)
        story.lost = _published(bus, story.agency)
    return story


def _published(bus: Bus, home: Path) -> str:
    """An event of an agency's own system, behind the last backup; its id."""
    with Client(_as_agency(bus, home)) as client:
        [sent] = client.publish(NewEvent(type="referral.sent", to=(PSB,), data={"title": "移送"}))
    bus.until("select 1 from derived.event where id = $1", sent.id)
    return sent.id


def _as_agency(bus: Bus, home: Path) -> Settings:
    return bus.stack.settings(AMR).model_copy(update={"home": home})


def _sent_again(bus: Bus, told: Told) -> None:
    """What the backup did not have its author's store has: the same bytes, and copies of others."""
    query = "select event_leaf from derived.event where id = $1"
    assert bus.rows(query, told.lost) == []
    taken_at = datetime.fromisoformat(told.second.manifest.taken_at)
    with Client(_as_agency(bus, told.agency)) as client:
        [again] = client.publisher.send_again(taken_at - timedelta(minutes=5))
    assert again.id == told.lost
    bus.until(query, told.lost)


def _verified(bus: Bus) -> None:
    report = bus.verified()
    assert report.ok, report.to_json()["problems"]


def test_a_second_backup_adds_what_is_new_and_leaves_the_first_as_it_was(told: Told) -> None:
    first, second = told.first.manifest, told.second.manifest
    assert (first.number, second.number) == (1, 2)
    assert 0 < told.second.new_records < second.records()
    assert second.journal[: len(first.stretches(0))] == first.stretches(0)
    assert set(first.journal) < set(second.journal)
    for number in (1, 2):
        assert chosen(told.folder, number).manifest.number == number
    for path in told.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_backup_comes_back_whole_and_goes_on_and_so_does_a_journal_that_was_lost(
    told: Told, scratch: Path
) -> None:
    options = _options(scratch / "restored")
    given = [str(told.folder), "--home", str(options.home), "--port-base", str(options.port_base)]
    back = _answered(restore_command, [*given, "--json"])
    assert back["records"] == told.second.manifest.records()
    assert back["epoch"] > told.second.manifest.epoch
    refused = CliRunner().invoke(restore_command, given)
    assert isinstance(refused.exception, CasebusError)
    assert refused.exception.code == "home_not_empty"
    with Stack(home=options.home, port_base=options.port_base) as stack, _bus(stack) as bus:
        _came_back(bus, told, back["epoch"])
        _sent_again(bus, told)
        _goes_on(bus, told.streams[1], next_number=6)
        before = _comes_to(bus)
    shutil.rmtree(options.place.kafka)
    _cut_off(options)
    given = ["--journal-from-database", "--home", str(options.home), "--json"]
    assert _answered(restore_command, given)["epoch"] > back["epoch"]
    with Stack(home=options.home, port_base=options.port_base) as stack, _bus(stack) as bus:
        _settled(bus, before)
        _nothing_said_twice(bus)
        _verified(bus)
        _goes_on(bus, told.streams[1], next_number=7)


def test_a_backup_taken_while_events_flowed_says_nothing_twice(told: Told, scratch: Path) -> None:
    options = _options(scratch / "earlier")
    back = asyncio.run(restore.restore(options, chosen(told.folder, 1)))
    assert back.records == told.first.manifest.records()
    with Stack(home=options.home, port_base=options.port_base) as stack, _bus(stack) as bus:
        bus.until(
            "select sum(next_index) from derived.journal_position",
            holds=lambda rows: (rows[0][0] or 0) >= back.records,
        )
        _verified(bus)
        _nothing_said_twice(bus)
        _answer(bus, told.streams[0])


def _answered(command: click.Command, given: list[str]) -> Any:
    done = CliRunner().invoke(command, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _cut_off(options: Options) -> None:
    """End a run in the middle: what it leaves is not started."""

    class CutOffError(Exception): ...

    def advance(done: int, _all: int) -> None:
        raise CutOffError(done)

    with pytest.raises(CutOffError):
        asyncio.run(restore.restore_journal(options, advance=advance))
    with pytest.raises(CasebusError, match="restore_unfinished"):
        launch.require_startable(options)


def _options(home: Path) -> Options:
    home.mkdir()
    home.chmod(0o755)
    return read_options(home, free_port_base(), SERVICES, {})


@contextmanager
def _bus(stack: Stack) -> Iterator[Bus]:
    bus = Bus(stack)
    yield bus
    bus.producer.close()


def _back_up(stack: Stack, folder: Path) -> TakenBackup:
    settings, known = stack.settings("admin"), credentials.load(stack.home)
    law = Installation(stack.home, settings, known).known_law()
    pack_keys = partial(keypack.pack, home=stack.home)
    return asyncio.run(backup(Source(settings, known.root_digest, law, pack_keys), folder))


def _flow(bus: Bus, streams: list[str]) -> None:
    """Numbered notes of one system, and what makes the bus speak."""
    for number in range(1, 6):
        for stream in streams:
            bus.send([bus.event("case.noted", AMR, stream=stream, sequence=number)], DOORS[AMR])
        # Who has no standing is recorded, and told.
        bus.send([bus.event("referral.filed", PRO, stream=streams[2], to=(AMR,))], DOORS[PRO])
        opened(bus)
    _reject(bus)


def _reject(bus: Bus) -> None:
    """A record that admission refuses, and that is kept."""
    before = bus.rows("select count(*) from own.rejected")[0][0]
    good = bus.event("referral.sent", AMR, to=(PSB,))
    bus.send([Record(good.key, (good.value or b"")[:-1], good.headers)], DOORS[AMR])
    bus.until("select count(*) from own.rejected", holds=lambda rows: rows[0][0] == before + 1)


def _answer(bus: Bus, stream: str) -> None:
    bus.send(
        [bus.event("referral.filed", PSB, stream=stream, legal="2026-03-06", to=(AMR,))],
        DOORS[PSB],
    )
    bus.status(stream, "filed")


def _comes_to(bus: Bus) -> dict[str, list[str]]:
    return {
        table: sorted(map(str, bus.rows(f"select {columns} from derived.{table}")))
        for table, columns in _COMES_TO.items()
    }


def _settled(bus: Bus, expected: dict[str, list[str]]) -> None:
    bus.until(
        "select count(*) from derived.event",
        holds=lambda rows: rows[0][0] >= len(expected["event"]),
    )
    found = _comes_to(bus)
    for table, rows in expected.items():
        missing = set(rows) - set(found[table])
        assert not missing, f"{table}: {sorted(missing)[:3]} not in {sorted(found[table])[:3]}"
    # What is new is said of what is new: the router's checkpoints.
    assert [len(found[one]) for one in ("case_state", "finding")] == [
        len(expected[one]) for one in ("case_state", "finding")
    ]


def _came_back(bus: Bus, told: Told, epoch: int) -> None:
    _settled(bus, told.comes_to)
    _verified(bus)
    _nothing_said_twice(bus)
    [row] = bus.rows("select min(carried), max(epoch) from own.journal_epoch")
    assert row["max"] == epoch


def _nothing_said_twice(bus: Bus) -> None:
    said = bus.rows("select stream, source, id from derived.event_copy where not same")
    assert not said, f"with other bytes: {said[:3]}"
    again = bus.rows(
        "select c.source, e.type from derived.event_copy c join derived.event e"
        " using (stream, source, id) where e.type not like 'casebus.directory.%'"
    )
    assert not again


def _goes_on(bus: Bus, stream: str, next_number: int) -> None:
    """The next event of each is taken, and answered; numbers go on."""
    note = bus.event("case.noted", AMR, stream=stream, sequence=next_number, to=(PSB,))
    bus.send([note], DOORS[AMR])
    bus.until("select * from derived.event where id = $1", dict(note.headers)["ce_id"].decode())
    fresh, _ = opened(bus)
    _answer(bus, fresh)
    _reject(bus)
    _verified(bus)
    origins = [
        dict(unpack_headers(row["headers"]))["cb-origin"]
        for row in bus.rows("select headers from derived.journal")
    ]
    assert len(set(origins)) == len(origins), "a place at the door was given twice"

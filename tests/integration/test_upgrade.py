"""The present code on a home that commit 192abc2 wrote (tests/data/README.md)."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from casebus.cases import FOLD_VERSION
from casebus.events.doors import door_of
from casebus.events.legaltime import CHINA
from casebus.law import Law
from casebus.now import set_scenario_time
from casebus.sdk.client import Client
from casebus.sdk.event import NewEvent
from casebus.sdk.gateway import Gateway
from casebus.trust.keys import SigningKey
from onebox.testing import Stack
from operations.commands.rebuild import rebuild
from operations.speakers import SPEAKERS
from storage.migrate import migrations
from tests.case_events import ROOT
from tests.integration.old_home import cases_in, unpacked
from tests.integration.street import AMR, PSB, Bus
from tests.security.test_credentials import wide

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

EARLIER = "cn-330110-amr"
#: Who sees each case of the home.
READERS = {"imported": EARLIER}
#: How long the scheduler is watched for what it must not say.
WATCHED_SECONDS = 8


@pytest.fixture(scope="module")
def old() -> Iterator[Bus]:
    """The stack of this commit on the old home."""
    with unpacked() as home, Stack(home=home.path) as stack:
        bus = Bus(stack)
        yield bus
        bus.producer.close()


def test_what_the_old_commit_wrote_is_migrated_and_verified(old: Bus) -> None:
    applied = {row["name"] for row in old.rows("select name from public.casebus_migration")}
    assert applied == set(migrations())
    report = old.verified()
    assert report.ok, report.to_json()
    assert report.counts["journal records"] > 100


def test_the_secrets_of_the_old_home_are_split_and_its_files_closed(old: Bus) -> None:
    home = old.stack.home
    assert wide(home) == []
    assert not (home.keys / "bus.pem").exists()
    assert len({SigningKey.load(home.bus_key(one)).keyid for one in SPEAKERS}) == len(SPEAKERS)
    keys = old.rows("select revoked_at from own.api_key where agency = 'bus'")
    assert keys
    assert all(row["revoked_at"] is not None for row in keys)
    users = {row["usename"] for row in old.rows("select usename from pg_stat_activity")}
    assert {f"casebus_{name}" for name in ("casework", "scheduler", "intake")} <= users


def test_every_old_case_is_read_as_before(old: Bus) -> None:
    streams = cases_in(old.stack.home)
    assert set(streams) == {"imported", "unsigned", "overdue", "adopted", "running", "unopened"}
    for word, stream in streams.items():
        with Gateway(old.stack.settings(READERS.get(word, AMR))) as gateway:
            case, history = gateway.case(stream), gateway.history(stream)
        assert case["id"] == stream, word
        assert history, word
        assert case["status"] != "suspended", word
    assert old.rows("select stream from derived.case_state where suspended is not null") == []
    held = {word: old.rows(_ROW, stream)[0] for word, stream in streams.items()}
    assert held["unopened"]["status"] == "unopened"
    assert held["imported"]["opener"] == EARLIER
    assert held["running"]["status"] == "accepted"
    breached = old.rows(_SAID, streams["overdue"], "casebus.clock.breached.v1")
    assert len(breached) == 1
    assert old.rows(_SAID, streams["overdue"], "casebus.finding.raised.v1")


def test_every_law_that_a_case_was_derived_by_still_loads(old: Bus) -> None:
    rows = old.rows("select digest, body from own.law_bundle")
    by_cases = {row["law"] for row in old.rows("select law from derived.case_state")}
    assert by_cases <= {row["digest"] for row in rows}
    # Of the old commit, of its adopted law, and of this commit.
    assert len(rows) >= 3
    for row in rows:
        assert Law.from_bundle(row["body"]).digest == row["digest"]


def test_nothing_is_told_that_only_the_new_fold_or_the_new_law_finds(old: Bus) -> None:
    streams = cases_in(old.stack.home)
    # Starting a release adopts the law that it brings.
    old.until(
        _BY_ANOTHER,
        Law.load(ROOT / "policies/law").digest,
        FOLD_VERSION,
        holds=lambda rows: not rows,
    )
    # Nobody had to sign for it by the old law: by the new one it fell due days ago.
    [unsigned] = old.rows(_CLOCK, streams["unsigned"], "T04")
    assert unsigned["due"] < dt.datetime(2026, 3, 9, tzinfo=CHINA)
    assert _told_since_the_upgrade(old) == []
    # What falls due from now on is told as ever.
    set_scenario_time(old.stack.home.scenario_time, dt.datetime(2026, 3, 15, 10, tzinfo=CHINA))
    old.until(_SAID, streams["adopted"], "casebus.clock.breached.v1")
    words = {stream: word for word, stream in streams.items()}
    told = {(words[str(row["stream"])], row["type"]) for row in _told_since_the_upgrade(old)}
    assert ("running", "casebus.clock.breached.v1") in told
    assert {word for word, _ in told} <= {"running", "adopted", "unopened"}, told


def test_old_cases_are_found_by_what_their_agencies_called_the_matter(old: Bus) -> None:
    """Once they are derived anew; by the title of their state at once."""
    stream = cases_in(old.stack.home)["running"]
    law = Law.load(ROOT / "policies/law").digest
    old.until(_BY_ANOTHER, law, FOLD_VERSION, holds=lambda rows: not rows)
    with Gateway(old.stack.settings(AMR)) as gateway:
        [found] = gateway.cases(title="旧案 running")
    assert (found["id"], found["matter_titles"]) == (stream, ["旧案 running"])


def test_an_agency_s_own_system_goes_on_by_the_door_that_it_has_now(
    old: Bus, tmp_path: Path
) -> None:
    settings = old.stack.settings(AMR).model_copy(update={"home": tmp_path})
    with Client(settings) as own:
        [sent] = own.publish(NewEvent(type="case.noted", data={"note": "新的入口"}))
    assert sent.topic == door_of("administrative", AMR)
    old.until("select 1 from derived.event where id = $1", sent.id)


def _told_since_the_upgrade(bus: Bus) -> list[Any]:
    """Breaches, warnings and findings that the bus said on the new code, once it has had time."""
    time.sleep(WATCHED_SECONDS)
    return list(bus.rows(_TOLD))


def test_an_old_case_goes_on_and_a_new_one_opens(old: Bus) -> None:
    stream, fresh = cases_in(old.stack.home)["running"], str(uuid4())
    with Gateway(old.stack.settings(PSB)) as police:
        police.submit(_event("referral.filed", PSB, stream, to=AMR))
    assert old.status(stream, "filed")["opener"] == AMR
    sent = old.event("referral.sent", AMR, stream=fresh, to=(PSB,), legal="2026-03-10")
    old.send([sent], "events.administrative")
    old.status(fresh, "sent")
    assert old.verified().ok


def test_the_old_home_is_rebuilt_from_its_journal_and_switched(old: Bus) -> None:
    cases = "select stream, status, digest, law from derived.case_state order by stream"
    said = "select id, event_id from own.outbox order by id"
    old.verified()
    before, spoken, told = old.rows(cases), old.rows(said), old.rows(_TOLD)
    done = CliRunner().invoke(rebuild, ["--home", str(old.stack.home.path), "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0, found["differing"]
    assert found["switched"]
    assert found["cases"] == len(before)
    assert (old.rows(cases), old.rows(said)) == (before, spoken)
    # Everybody goes on with the new tables, and nothing is told that was not.
    assert _told_since_the_upgrade(old) == told
    sent = old.event("referral.sent", AMR, stream=str(uuid4()), to=(PSB,), legal="2026-03-10")
    old.send([sent], "events.administrative")
    old.status((sent.key or b"").decode(), "sent")
    assert old.verified().ok


@pytest.mark.long
def test_it_is_rebuilt_again_while_nothing_but_kafka_and_postgresql_runs(old: Bus) -> None:
    home = ["--home", str(old.stack.home.path)]
    assert CliRunner().invoke(rebuild, [*home, "--drop-old"]).exit_code == 0
    old.verified()
    services = ("gateway", "intake", "scheduler", "router", "casework", "admission")
    for name in services:
        old.stack.stop(name)
    try:
        done = CliRunner().invoke(rebuild, home)
    finally:
        for name in services:
            old.stack.start(name)
    assert done.exit_code == 0, done.output
    assert "Every row comes out as it stands." in done.stdout
    sent = old.event("referral.sent", AMR, stream=str(uuid4()), to=(PSB,), legal="2026-03-10")
    old.send([sent], "events.administrative")
    old.status((sent.key or b"").decode(), "sent")


def _event(kind: str, source: str, stream: str, *, to: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": f"casebus.{kind}.v1",
        "source": source,
        "subject": stream,
        "to": to,
        "legaltime": "2026-03-10",
        "data": {},
    }


_ROW = "select * from derived.case_state where stream = $1"
_CLOCK = "select * from derived.clock where stream = $1 and clock = $2"
_BY_ANOTHER = "select stream from derived.case_state where law <> $1 or fold_version < $2"
#: Not what the old stack said: that was sent before it stopped.
_TOLD = """
select o.type, o.aggregateid as stream from own.outbox o
where o.type similar to 'casebus.(clock|finding).(breached|warned|lapsed|raised).v1'
  and o.created_at > (select max(applied_at) from public.casebus_migration)
"""
_SAID = "select id from derived.event where stream = $1 and type = $2"

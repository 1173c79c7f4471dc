from __future__ import annotations

from pathlib import Path

import pytest

from casebus.events.doors import door_of
from casebus.events.topics import Acl, Member, Topics, TopicsError

TOPICS = Topics.load(Path(__file__).parents[2] / "schemas")
AMR = Member("cn-330106-amr", "administrative")


def test_each_sector_has_one_door_and_the_bus_its_own() -> None:
    doors = TOPICS.names_like("events.*")
    assert len(doors) == 13
    assert {"events.administrative", "events.bus", "events.supervision"} <= set(doors)


def test_an_agency_on_kafka_gets_a_door_and_three_topics_of_its_own() -> None:
    names = {topic.name for topic in TOPICS.topics([AMR])}
    assert {f"agency.{AMR.id}.{what}" for what in ("inbox", "receipts", "rejected")} <= names
    assert door_of(AMR.sector, AMR.id) in names
    assert {*TOPICS.names_like("events.*")} & names == {*TOPICS.names_like("events.*")}


def test_an_agency_writes_only_to_its_own_door_and_reads_only_its_own_topics() -> None:
    own = [acl for acl in TOPICS.acls([AMR]) if acl.principal == AMR.id]
    assert [acl.name for acl in own if acl.operation == "write"] == [door_of(AMR.sector, AMR.id)]
    read = {acl.name for acl in own if acl.resource == "topic" and acl.operation == "read"}
    assert read == {f"agency.{AMR.id}.{what}" for what in ("inbox", "receipts", "rejected")}


def test_only_admission_writes_the_journal() -> None:
    writes = [a for a in TOPICS.acls() if a.name == "case.journal" and a.operation == "write"]
    assert writes == [Acl("admission", "topic", "case.journal", "literal", "write")]


def test_the_scheduler_sees_how_far_each_worker_came_in_everything_that_it_consumes() -> None:
    consumers = [name for name in TOPICS.principals if TOPICS.consumed(name)]
    assert consumers == ["admission", "router", "casework", "intake"]
    assert TOPICS.watched("scheduler") == {name: TOPICS.followed(name) for name in consumers}
    assert "events.*" in TOPICS.watched("scheduler")["admission"]
    readers = {a.principal for a in TOPICS.acls([AMR]) if a.name == door_of(AMR.sector, AMR.id)}
    assert readers == {AMR.id, "admission", "scheduler"}
    seen = {acl.name for acl in TOPICS.acls() if acl.principal == "scheduler"}
    for name in consumers:
        assert {name, *TOPICS.consumed(name)} <= seen
    # Of what is no work of its own it sees where it ends, and reads nothing.
    of_rejects = [a for a in TOPICS.acls() if a.principal == "scheduler" and a.name == "rejected"]
    assert of_rejects == [Acl("scheduler", "topic", "rejected", "literal", "describe")]


def test_a_worker_may_read_whatever_it_consumes() -> None:
    for topic in TOPICS.topics():
        for name in TOPICS.principals:
            if topic.name in TOPICS.consumed(name):
                assert name in topic.readers


def test_prefixes_end_where_no_other_name_can_go_on() -> None:
    prefixes = [acl.name for acl in TOPICS.acls([AMR]) if acl.pattern == "prefixed"]
    assert all(name.endswith((".", "-")) for name in prefixes)


def test_the_journal_and_the_directory_are_kept_for_ever_without_compaction() -> None:
    for topic in TOPICS.topics():
        if topic.name in {"case.journal", "directory"}:
            assert topic.config["retention.ms"] == "-1"
            assert topic.config["cleanup.policy"] == "delete"


def test_no_record_that_fits_the_door_is_too_big_to_journal_or_reject() -> None:
    size = {t.name: int(t.config["max.message.bytes"]) for t in TOPICS.topics([AMR])}
    door = max(size[name] for name in TOPICS.names_like("events.*"))
    inside = ["case.journal", "rejected", *TOPICS.names_like("inbox.*"), f"agency.{AMR.id}.inbox"]
    assert min(size[name] for name in inside) - door >= 2**20


def test_the_broker_stamps_the_time_everywhere() -> None:
    kinds = {topic.config["message.timestamp.type"] for topic in TOPICS.topics([AMR])}
    assert kinds == {"LogAppendTime"}


def test_an_unknown_principal_is_refused() -> None:
    row = {"name": "x", "writers": ["nobody"], "readers": []}
    with pytest.raises(TopicsError, match="nobody"):
        Topics({"topics": [row], "principals": {}})

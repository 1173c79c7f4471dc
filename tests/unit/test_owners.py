"""A fact of the wire has one owner: its text stands in one module, and the others import it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebus.events import topics

_ROOT = Path(__file__).parent.parent.parent
_ROOMS = ("casebus", "services", "gateway", "storage", "operations", "onebox", "rehearsal", "bench")
#: What is owned, as it would be written again, and by which module.
OWNED = {
    "a stamp's name": (r'"cb-', "casebus/events/stamps.py"),
    "the journal's topic": (r'"case\.journal"', "casebus/events/topics.py"),
    "a topic's constant": (
        r'= "(rejected|directory)"$|^JOURNAL, REJECTED, DIRECTORY = ',
        "casebus/events/topics.py",
    ),
    "a door": (r'"events\.(bus|[{*"])', "casebus/events/doors.py"),
    "the bus's own name": (r'^_?[A-Z]+ = "bus"$|[=!]= "bus"', "casebus/events/doors.py"),
    "a size of a record": (
        r"^_?(MOST|LARGEST)_(VALUE|HEADERS?|RECORD|DOOR_RECORD|KEPT|REQUEST|UNPACKED)_BYTES =",
        "casebus/events/limits.py",
    ),
    "the length of a number": (
        r"^_?(MOST|LONGEST)_NUMBER(_KIND)? =|number.*max_length=\d",
        "casebus/events/limits.py",
    ),
    "a topic of an agency": (
        r'"agency\.|"\.(inbox|receipts|rejected)"|"inbox\.[{*"]',
        "casebus/events/topics.py",
    ),
    "a producer of the services": (r"AIOKafkaProducer\(", "casebus/kafka/producing.py"),
    "a producer of kafka-python": (r"KafkaProducer\(\*\*", "casebus/kafka/connection.py"),
    "how far a heartbeat says": (
        r'\.get\("(stalled|still|partitions|heard)"',
        "storage/heartbeats.py",
    ),
    "the rule of two persons": (r'"second_person", f"', "storage/operators.py"),
    "a moment in a cursor": (r'"a moment without its zone"', "gateway/web/paging.py"),
    "what a schema is made of": (r'\["symbols"\]', "casebus/events/avro_types.py"),
    "the wait for the directory": (r'"directory_unread"', "casebus/kafka/directory.py"),
    "a step of a hand-over": (r'"submitted"', "casebus/events/hand_overs.py"),
    "the scheduler's name": (r'"(bus|\{BUS\})/scheduler"', "casebus/events/doors.py"),
    "what lies in a browser for ever": (r"max-age=31536000", "gateway/web/caching.py"),
    "the kind of an Excel file": (r"spreadsheetml\.sheet", "casebus/spreadsheets.py"),
    "what XML cannot hold": (r"ufffe.uffff", "casebus/spreadsheets.py"),
    "the dashes that people type": (r"‐‑‒", "casebus/events/numbers.py"),
    "the characters of a code": (r"ABCDEFGHJKLMNPQRTUWXY", "casebus/events/identifiers.py"),
}


def _modules() -> Iterator[Path]:
    for room in _ROOMS:
        yield from (_ROOT / room).rglob("*.py")


@pytest.mark.parametrize("fact", OWNED)
def test_only_its_owner_spells_it(fact: str) -> None:
    pattern, owner = OWNED[fact]
    spelt = re.compile(pattern, re.MULTILINE)
    found = {
        str(path.relative_to(_ROOT))
        for path in _modules()
        if spelt.search(path.read_text(encoding="utf-8"))
    }
    assert found == {owner}


def test_the_topics_that_code_names_are_topics_of_the_installation() -> None:
    known = {one.name for one in topics.Topics.load(_ROOT / "schemas").topics()}
    assert {topics.JOURNAL, topics.REJECTED, topics.DIRECTORY} <= known


def test_an_agencys_own_topics_are_topics_of_the_installation_and_lead_back_to_it() -> None:
    agency = "cn-330106.x-psb"
    file = topics.Topics.load(_ROOT / "schemas")
    known = {one.name for one in file.topics([topics.Member(agency, "police")])}
    own = topics.own_topics(agency)
    assert set(own) <= known
    assert {topics.owner_of(one) for one in own} == {agency}
    shared = {one.name for one in file.topics()}
    assert {topics.owner_of(one) for one in shared | {f"agency.{agency}.other"}} == {""}


def test_a_hosted_inbox_is_one_of_each_hosted_sector() -> None:
    file = topics.Topics.load(_ROOT / "schemas")
    inboxes = {one.name for one in file.topics() if topics.is_hosted_inbox(one.name)}
    assert inboxes == {topics.hosted_inbox_of(sector) for sector in file.hosted}
    assert {topics.sector_of_inbox(one) for one in inboxes} == set(file.hosted)
    assert set(file.names_like(topics.hosted_inbox_of(topics.EVERY))) == inboxes


def test_no_two_modules_make_ids_in_the_same_namespace() -> None:
    spelt = re.compile(r'UUID\(\s*"([0-9a-f-]{36})"')
    found = Counter(one for path in _modules() for one in spelt.findall(path.read_text("utf-8")))
    assert len(found) > 3
    assert found.total() == len(found)

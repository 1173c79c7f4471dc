"""Cases of each kind with marks in them, and the readers of each mark.

A stranger lies about all.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import httpx
from kafka import KafkaProducer

from casebus.events.minted import stream_id
from casebus.kafka.connection import producer_settings
from onebox.testing import Stack
from tests.integration.test_gateway import event, journaled, submit, until

OPENER, RECIPIENT, COPIED = "cn-330102-amr", "cn-330102-psb", "cn-330102-pro"
#: Were sent a note, and hold no role: one a state organ, the other none.
PARTY, LOW_PARTY = "cn-330102-court", "cn-330100-med"
#: An agency of the recipient's sector, and above the opener.
STRANGER, SUPERIOR = "cn-330105-psb", "cn-330100-amr"
TEAM = {OPENER, RECIPIENT, COPIED}
#: Sees every case that is not secret without a body, by its numbers, and all that was rejected.
OPERATOR = "admin"
#: Any key of a caller that is no agency.
OTHERS = ("bus", "root", OPERATOR)
NOBODY = ""
#: Used in place of a stream.
NO_CASE = ""
#: It has a system of its own, and the opener's sector, and so may write to that door.
HOSTILE = "cn-330106-amr"
DOOR = f"events.administrative.{HOSTILE}"


@dataclass
class Planted:
    """The content of the cases, and the readers of each mark."""

    allowed: dict[str, set[str]] = field(default_factory=dict)
    #: The readers of strangers' events in a case: its own people.
    people: dict[str, set[str]] = field(default_factory=dict)
    #: Mark -> its stream.
    streams: dict[str, str] = field(default_factory=dict)
    #: (source, id) -> stream.
    events: dict[tuple[str, str], str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    #: Id of an event that the opener never sent.
    forged: str = ""

    def mark(self, stream: str, *viewers: str) -> str:
        made = f"mark{uuid4().hex}"
        self.allowed[made], self.streams[made] = set(viewers), stream
        return made

    def cases(self) -> list[str]:
        return sorted({*self.streams.values()} - {NO_CASE})


#: The request for each route: the value of each name in its path, and the rest of the request. The
#: names of a planted case, event, item or number mean all of them.
def plant(stack: Stack, clients: dict[str, httpx.Client]) -> Planted:
    """Cases of every kind, each with its marks, and lies about all of them."""
    found = Planted()
    _plant_case(found, clients, {})
    _plant_case(found, clients, {"secrecy": "TRADE_SECRET"})
    _plant_unopened(found, clients)
    _plant_import(found, clients)
    _plant_squatted(found, clients)
    _plant_recalled(found, clients)
    _lie(found, clients)
    _forge(found, stack)
    until(clients[RECIPIENT], "/v1/inbox?limit=500", lambda page: len(page["items"]) >= 2)
    rows = rows_of(stack, "select key, stream from derived.work_item where stream = any($1)", found)
    found.keys = {row["key"]: str(row["stream"]) for row in rows}
    assert found.keys
    return found


def _say(found: Planted, client: httpx.Client, body: dict[str, Any]) -> None:
    journaled(client, submit(client, body))
    found.events[body["source"], body["id"]] = body["subject"]


def _plant_case(found: Planted, clients: dict[str, httpx.Client], marks: dict[str, str]) -> None:
    """A case of the opener's.

    In a secret one, agencies without a role see the events sent to them.
    """
    stream = str(uuid4())
    seen = found.people[stream] = TEAM if marks else {*TEAM, PARTY}
    number = found.mark(stream, *seen, *(() if marks else (OPERATOR,)))
    found.numbers.append(number)
    data = {
        "title": found.mark(stream, *seen),
        "facts": found.mark(stream, *TEAM),
        "note": found.mark(stream, *seen),
        "numbers": [{"kind": "letter_no", "value": number}],
        **marks,
    }
    about = {"legaltime": "2026-03-02", "data": data}
    _say(found, clients[OPENER], event(OPENER, "referral.sent", stream, to=RECIPIENT, **about))
    note = {"note": found.mark(stream, *TEAM, PARTY, LOW_PARTY)}
    told = event(
        OPENER,
        "case.noted",
        stream,
        to=f"{PARTY} {LOW_PARTY}",
        data=note,
        legaltime="2026-03-05",
    )
    _say(found, clients[OPENER], told)
    for viewer in (PARTY, LOW_PARTY, COPIED):
        until(clients[viewer], f"/v1/cases/{stream}", lambda case: case["status"])


def _plant_unopened(found: Planted, clients: dict[str, httpx.Client]) -> None:
    stream = str(uuid4())
    number = found.mark(stream, RECIPIENT)
    found.numbers.append(number)
    data = {
        "note": found.mark(stream, RECIPIENT),
        "numbers": [{"kind": "docket_no", "value": number}],
    }
    _say(found, clients[RECIPIENT], event(RECIPIENT, "referral.accepted", stream, data=data))
    own = {"note": found.mark(stream, STRANGER)}
    _say(found, clients[STRANGER], event(STRANGER, "case.noted", stream, data=own))


def _plant_import(found: Planted, clients: dict[str, httpx.Client]) -> None:
    stream = str(uuid4())
    for author in (OPENER, STRANGER):
        data = {"import_id": stream, "title": found.mark(stream, author)}
        _say(found, clients[author], event(author, "import.opened", stream, data=data))


def _plant_squatted(found: Planted, clients: dict[str, httpx.Client]) -> None:
    """The superior has computed the id of the opener's import, and opens the stream first."""
    number = f"mark{uuid4().hex}"
    stream = stream_id(OPENER, "letter_no", number)
    found.people[stream] = {OPENER, RECIPIENT, COPIED}
    found.allowed[number], found.streams[number] = {*found.people[stream], OPERATOR}, stream
    found.numbers.append(number)
    about: dict[str, Any] = {"to": RECIPIENT, "legaltime": "2026-03-02"}
    squat = {"note": found.mark(stream, SUPERIOR, *found.people[stream])}
    _say(found, clients[SUPERIOR], event(SUPERIOR, "referral.sent", stream, data=squat, **about))
    until(clients[SUPERIOR], f"/v1/cases/{stream}", lambda case: case["opener"] == SUPERIOR)
    own = {
        "facts": found.mark(stream, *TEAM),
        "note": found.mark(stream, *TEAM),
        "numbers": [{"kind": "letter_no", "value": number}],
    }
    _say(found, clients[OPENER], event(OPENER, "referral.sent", stream, data=own, **about))
    until(clients[OPENER], f"/v1/cases/{stream}", lambda case: case["opener"] == OPENER)


def _plant_recalled(found: Planted, clients: dict[str, httpx.Client]) -> None:
    """A note that went astray and was taken back: its words are its author's alone."""
    stream = str(uuid4())
    found.people[stream] = TEAM
    data = {"title": found.mark(stream, *TEAM)}
    about = {"legaltime": "2026-03-02", "data": data}
    _say(found, clients[OPENER], event(OPENER, "referral.sent", stream, to=RECIPIENT, **about))
    number = found.mark(stream, OPENER)
    found.numbers.append(number)
    words = {
        "note": found.mark(stream, OPENER),
        "numbers": [{"kind": "letter_no", "value": number}],
    }
    readers = f"{RECIPIENT} {PARTY}"
    astray = event(OPENER, "case.noted", stream, to=readers, data=words, legaltime="2026-03-05")
    _say(found, clients[OPENER], astray)
    sent = quote(OPENER, safe="") + "/" + quote(astray["id"], safe="")
    for viewer in (RECIPIENT, PARTY):
        until(clients[viewer], f"/v1/inbox/{sent}", lambda one: one["data"]["note"])
    fix = {"corrected_source": OPENER, "corrected_id": astray["id"]}
    fix |= {"changes": {"note": json.dumps(found.mark(stream, OPENER))}, "reasons": "x"}
    corrected = event(OPENER, "case.corrected", stream, to=readers, data=fix)
    _say(found, clients[OPENER], corrected)
    taken = {"recalled_source": OPENER, "recalled_id": astray["id"], "reasons": "x"}
    _say(found, clients[OPENER], event(OPENER, "case.recalled", stream, to=readers, data=taken))
    for viewer in (RECIPIENT, PARTY):
        until(
            clients[OPENER],
            f"/v1/events/{sent}/recall",
            lambda one, name=viewer: name in {each["agency"] for each in one["erased"]},
        )


def _forge(found: Planted, stack: Stack) -> None:
    """An agency with a system of its own writes garbage in the opener's name."""
    mark = found.mark(NO_CASE, OPERATOR)
    headers = [("ce_source", OPENER.encode()), ("ce_id", mark.encode()), ("ce_type", mark.encode())]
    producer = KafkaProducer(**producer_settings(stack.settings(HOSTILE)))
    try:
        producer.send(DOOR, key=b"k", value=mark.encode(), headers=headers).get(timeout=30)
    finally:
        producer.close()
    found.forged = mark
    deadline = time.monotonic() + 30
    while not rows_of(
        stack,
        "select 1 from own.rejected where event_id = $2 and $1::uuid[] is not null",
        found,
        mark,
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _lie(found: Planted, clients: dict[str, httpx.Client]) -> None:
    """The stranger says that it received and opened everything, and writes into every case."""
    for (source, name), stream in list(found.events.items()):
        about = {"agency": STRANGER, "event_source": source, "event_id": name, "event_type": "x"}
        for step in ("received", "opened"):
            said = event(STRANGER, f"intake.{step}", stream, data=about)
            journaled(clients[STRANGER], submit(clients[STRANGER], said))
    for stream in found.cases():
        data = {"note": found.mark(stream, STRANGER, *found.people.get(stream, ()))}
        _say(found, clients[STRANGER], event(STRANGER, "referral.filed", stream, data=data))


def rows_of(stack: Stack, query: str, found: Planted, *values: Any) -> list[Any]:
    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(stack.database_url)
        try:
            streams = [UUID(one) for one in found.cases()]
            return list(await connection.fetch(query, streams, *values))
        finally:
            await connection.close()

    return asyncio.run(fetch())

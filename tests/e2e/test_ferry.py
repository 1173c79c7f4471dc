"""Storyline 1 with a police office that has two folders and no network: a namespace of its own.

Between it and the bus there is a mover of files, which now and then loses, doubles and delays one.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.sdk.ferry.ferry import spool_at
from casebus.sdk.ferry.folder_office import FerryOffice
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.gateway import Gateway
from casebus.sdk.store import Store, path_in
from casebus.settings import Settings
from casebus.trust.receipt import Receipt, check, directory_of
from onebox.agencies import AGENCIES
from onebox.testing import Stack
from rehearsal.scenario import sending, storyline
from rehearsal.scenario.acting import actor_of
from rehearsal.scenario.player import Played as Play
from rehearsal.scenario.player import Player, _order
from rehearsal.scenario.playground import EXAMPLES, Playground
from rehearsal.scenario.sending import ReadyStep
from rehearsal.scenario.storyline import StorylineStep
from rehearsal.scenario.users import User
from rehearsal.scenario.waiting import until
from rehearsal.scenario.world import Identity

pytestmark = [
    pytest.mark.connected,
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.timeout(1800),
]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
NAMESPACE = f"casebus-office-{os.getpid()}"
OFFICER = "officer-17"
PATIENCE = 3.0
JSON = dict[str, Any]


@contextmanager
def _namespace() -> Iterator[str]:
    """A network of its own with nothing in it, its loopback down."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root and `ip netns`: no network namespace can be made here")
    made = subprocess.run(["ip", "netns", "add", NAMESPACE], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no network namespace can be made here: {made.stderr.decode().strip()}")
    try:
        yield NAMESPACE
    finally:
        subprocess.run(["ip", "netns", "del", NAMESPACE], check=False)


@dataclass
class Mover:
    """Moves files, and knows nothing of them. Of every ten it loses one and doubles one."""

    ways: tuple[tuple[Path, Path], ...]
    chance: random.Random = field(default_factory=lambda: random.Random(18))
    moved: int = 0
    lost: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.wait(0.1):
            for source, target in self.ways:
                for path in sorted(source.glob("[!.]*"), key=lambda _: self.chance.random()):
                    self.move(path, target)

    def move(self, path: Path, target: Path) -> None:
        luck = self.chance.randrange(10)
        self.moved += 1
        try:
            if luck == 0:
                self.lost += 1
                path.unlink()
            elif luck == 1:
                shutil.copy(path, target / f".{path.name}")
                (target / f".{path.name}").replace(target / f"copy-{path.name}")
            # Luck 2: it stays for another time, and others pass it.
            if luck not in (0, 2):
                shutil.copy(path, target / f".{path.name}")
                (target / f".{path.name}").replace(target / path.name)
                path.unlink()
        except FileNotFoundError:
            # Acknowledged meanwhile, and taken out of the outbox.
            pass


@dataclass
class Office:
    """The police in their namespace: a folder, a key, a clock, and no address of anybody."""

    namespace: str
    environment: Mapping[str, str]
    ferry: subprocess.Popen[bytes] | None = None

    def words(self, *arguments: str) -> list[str]:
        inside = ["ip", "netns", "exec", self.namespace]
        return [*inside, sys.executable, "-m", "casebus.cli.main", *arguments]

    def casebus(self, *arguments: str, given: Any = None, codes: tuple[int, ...] = (0,)) -> Any:
        done = subprocess.run(
            self.words(*arguments, "--json"),
            input=None if given is None else json.dumps(given, ensure_ascii=False),
            env={**_bare(), **self.environment},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode in codes, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def start(self) -> None:
        self.ferry = subprocess.Popen(
            self.words("ferry", "run", "--every", "0.2"), env={**_bare(), **self.environment}
        )

    def kill(self) -> None:
        """As a power cut would."""
        assert self.ferry is not None
        self.ferry.send_signal(signal.SIGKILL)
        self.ferry.wait()

    def act(self, order: ReadyStep) -> Identity:
        """An officer reads what came, acknowledges it, and answers."""

        def came() -> bool:
            known = {one["id"] for one in self.casebus("ferry", "case", order.stream)}
            return set(order.causation) <= known

        until(came, f"{order.causation} came to the office")
        words = self.words("inbox", "--ack", "--actor", OFFICER)
        subprocess.run(
            words, env={**_bare(), **self.environment}, check=True, stdout=subprocess.DEVNULL
        )
        event = {
            "type": order.step.type,
            "id": order.id,
            "case": order.stream,
            "to": list(order.to),
            "legal_time": str(order.step.legal),
            "causation": list(order.causation),
            "data": {**order.data, "actor": actor_of(order.step, PSB)},
            "testdata": True,
        }
        [kept] = self.casebus("publish", "-", given=event, codes=(3,))
        assert kept["status"] == "kept"
        return (order.source, order.id)


def _bare() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("CASEBUS_")}


@dataclass
class Played:
    ground: Playground
    play: Play
    office: Office
    mover: Mover
    stack: Stack

    @property
    def history(self) -> list[dict[str, Any]]:
        return list(self.ground.user(AMR).gateway.history(self.play.case))


@contextmanager
def _ferries(stack: Stack, folder: Path, namespace: str) -> Iterator[tuple[Office, Mover]]:
    bus, office = folder / "bus", folder / "office"
    of_bus = {**_bare(), **stack.environment(PSB), "CASEBUS_FERRY": str(bus)}
    # The bus's side has the account; the key never leaves the office.
    del of_bus["CASEBUS_KEYS_DIR"]
    keys = folder / "keys"
    keys.mkdir()
    shutil.copy(Path(stack.environment(PSB)["CASEBUS_KEYS_DIR"]) / f"{PSB}.pem", keys)
    there = Office(
        namespace,
        {
            "CASEBUS_AGENCY": PSB,
            "CASEBUS_HOME": str(folder / "store"),
            "CASEBUS_KEYS_DIR": str(keys),
            "CASEBUS_FERRY": str(office),
            "CASEBUS_ROOT_DIGEST": stack.environment(PSB)["CASEBUS_ROOT_DIGEST"],
            "CASEBUS_TIME_FILE": stack.environment(PSB)["CASEBUS_TIME_FILE"],
        },
    )
    here = [sys.executable, "-m", "casebus.cli.main", "ferry"]
    common = ["--agency", PSB, "--patience", str(PATIENCE), "--limit", "65536"]
    init = ["init", "--side", "bus", *common, "--json"]
    said = json.loads(
        subprocess.run([*here, *init], env=of_bus, check=True, stdout=subprocess.PIPE).stdout
    )
    theirs = there.casebus("ferry", "init", "--side", "office", "--sector", "police", *common)
    subprocess.run([*here, "peer", theirs["public"]], env=of_bus, check=True)
    subprocess.run(
        there.words("ferry", "peer", said["public"]),
        env={**_bare(), **there.environment},
        check=True,
    )
    for side in (bus, office):
        for name in ("inbox", "outbox"):
            (side / name).mkdir(exist_ok=True)
    mover = Mover(((bus / "outbox", office / "inbox"), (office / "outbox", bus / "inbox")))
    carrying = threading.Thread(target=mover.run)
    running = subprocess.Popen([*here, "run", "--every", "0.2"], env=of_bus)
    carrying.start()
    there.start()
    try:
        yield there, mover
    finally:
        mover.stopped.set()
        carrying.join()
        there.kill()
        running.terminate()
        running.wait()


def _by_ferry(player: Player, office: Office, police: User) -> None:
    """The police act in their namespace, everybody else as the storyline has it."""
    send, acts = player._send, iter(range(1000))

    def sent(played: Play, step: StorylineStep) -> Identity:
        if played.storyline.agency_of(step.word) != PSB:
            return send(played, step)
        if next(acts) % 3 == 1:
            office.kill()
            office.start()
        identity = office.act(_order_of(played, step))
        sending.outcome(police, identity)
        return identity

    player._send = sent  # type: ignore[method-assign]


def _order_of(played: Play, step: StorylineStep) -> ReadyStep:
    return _order(played, step)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("ferry")
    agencies = folder / "agencies.yaml"
    rows = AGENCIES.read_text(encoding="utf-8").splitlines()
    own = [
        one.replace("delivery: hosted", "delivery: kafka") if f"id: {PSB}," in one else one
        for one in rows
    ]
    agencies.write_text("\n".join(own), encoding="utf-8")
    with ExitStack() as open_, pytest.MonkeyPatch.context() as patched:
        namespace = open_.enter_context(_namespace())
        patched.setenv("CASEBUS_AGENCIES", str(agencies))
        stack = open_.enter_context(Stack())
        ground = open_.enter_context(Playground(stack))
        office, mover = open_.enter_context(_ferries(stack, folder, namespace))
        player = ground.player([storyline.read(EXAMPLES / "storyline-1.yaml")])
        _by_ferry(player, office, ground.user(PSB))
        [play] = player.play()
        yield Played(ground, play, office, mover, stack)


def test_the_office_has_no_way_to_the_bus_but_its_folders(played: Played) -> None:
    port = played.stack.environment(PSB)["CASEBUS_KAFKA_BOOTSTRAP"].rpartition(":")[2]
    asks = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
    words = ["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", asks]
    refused = subprocess.run(words, capture_output=True, check=False)
    assert b"Network is unreachable" in refused.stderr


def test_the_storyline_comes_out_as_it_says_though_files_were_lost(played: Played) -> None:
    assert played.play.problems == []
    assert played.mover.lost > 0


def test_the_letter_has_the_receipts_that_it_has_over_the_network(played: Played) -> None:
    [sent] = [one for one in played.history if one["type"] == "casebus.referral.sent.v1"]
    proved = played.ground.user(AMR).casebus("receipts", sent["id"], "--source", AMR)
    assert proved["submitted"]
    assert proved["relayed"]
    assert {one["agency"] for one in proved["delivered"]} == {PSB, PRO}
    assert [one["agency"] for one in proved["retrieved"]] == [PSB]


def test_the_office_proves_its_own_hand_over_by_the_pinned_root_alone(played: Played) -> None:
    [filed] = [one for one in played.history if one["type"] == "casebus.referral.filed.v1"]
    # What `agency.<id>.receipts` has; `relayed` is asked of the gateway.
    wanted = {"submitted", "delivered"}

    def proved() -> bool:
        found = played.office.casebus("ferry", "receipts", filed["id"])
        return wanted <= {one["step"] for one in found}

    until(proved, "the receipts came to the office")
    statuses = {one["id"]: one["status"] for one in played.office.casebus("ferry", "sent")}
    assert statuses[filed["id"]] == "journaled"


def test_the_office_got_each_event_that_was_sent_to_it_once(played: Played) -> None:
    sent = sorted(one["id"] for one in played.history if PSB in one["recipients"])

    def came() -> list[str]:
        known = played.office.casebus("ferry", "case", played.play.case)
        return sorted(one["id"] for one in known if not one["own"])

    until(lambda: came() == sent or None, "all came to the office")


def test_the_journal_has_byte_for_byte_what_the_office_signed_and_one_receipt_of_it(
    played: Played,
) -> None:
    """Each receipt holds against the record in the office's store, by the pinned root."""
    police = played.ground.user(PSB).gateway
    root = played.office.environment["CASEBUS_ROOT_DIGEST"]
    schemas = Schemas.load(Settings().schemas_dir)
    own = [one["id"] for one in played.history if one["source"] == PSB]
    assert own
    home, ferry = (Path(played.office.environment[f"CASEBUS_{one}"]) for one in ("HOME", "FERRY"))
    with closing(Store.open(path_in(home))) as store, Spool.open(spool_at(ferry)) as spool:
        kept = {one.id: one.record for one in store.of_stream(played.play.case)}
        desk = FerryOffice(spool, store, schemas, PSB, root)
        for event in own:
            leaves = set()
            for said in (_told_by_gateway(police, event), _told_by_ferry(desk, event)):
                receipt = Receipt.from_json(said)
                check(receipt, directory_of(receipt.entries, root, schemas), kept[event])
                leaves.add((receipt.event_leaf, receipt.log_leaf))
            assert len(leaves) == 1


def _told_by_gateway(police: Gateway, event: str) -> JSON:
    def asked() -> JSON | None:
        said: JSON | None = police.receipts(PSB, event, proof=True)["submitted"].get("receipt")
        return said

    return until(asked, "a head covers it")


def _told_by_ferry(desk: FerryOffice, event: str) -> JSON:
    def looked() -> JSON | None:
        found = desk.receipts(PSB, event)
        return next((said for said, _ in found if said["step"] == "submitted"), None)

    return until(looked, "it came by the ferry")


def test_who_has_no_part_in_the_case_does_not_see_it(played: Played) -> None:
    with pytest.raises(CasebusError, match="not_found"):
        played.ground.user("cn-330108-psb").gateway.case(played.play.case)


def test_the_office_s_work_list_is_that_of_the_bus(played: Played) -> None:
    police = played.ground.user(PSB).gateway
    asked = {"status": "all", "case": played.play.case, "limit": 100}

    def same() -> bool:
        told = played.office.casebus("work", "list", "--status", "all", "--limit", "100")
        ours = {(one["key"], one["is_open"], one["duty"]) for one in told["items"]}
        theirs = police.work_page(**asked)["items"]
        return ours == {(one["key"], one["is_open"], one["duty"]) for one in theirs} != set()

    until(same, "both have the same items")


def test_kafka_and_postgresql_agree_to_the_last_record(played: Played) -> None:
    report = played.ground.await_agreement()
    assert report["problems"] == []


def test_all_is_acknowledged_in_the_end(played: Played) -> None:
    def quiet() -> bool:
        told = played.office.casebus("ferry", "status")
        assert told["incidents"] == []
        return bool(told["under_way"] == told["queued"] == 0)

    until(quiet, "nothing is under way")

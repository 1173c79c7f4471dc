"""One side of a ferry at work: one round takes in, deals, collects, and puts out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

from casebus.ferry.items import FerryItem
from casebus.ferry.lane import Lane
from casebus.ferry.sealed import NONE
from casebus.sdk.ferry.config import Config, carrier_key
from casebus.sdk.ferry.folders import Folders
from casebus.sdk.ferry.incoming import Receiver
from casebus.sdk.ferry.outgoing import Sender
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.ferry.steps import Steps
from casebus.sdk.files import locked

#: The most items that are queued and not yet in a bundle. Above it nothing more is collected.
MOST_QUEUED = 5_000


class FerryEnd(Protocol):
    """The end behind a side: the office's store, or the brokers."""

    def arrived(self, item: FerryItem) -> None:
        """An item was kept for the first time; called inside the spool's transaction."""

    def deal(self) -> None:
        """Deal with the items that arrived and wait."""

    def collect(self) -> None:
        """Queue the items to be sent."""

    def begin_again(self) -> None:
        """Collect from the beginning; called inside the spool's transaction."""

    def close(self) -> None: ...


def spool_at(home: Path) -> Path:
    return home / "ferry.sqlite"


class Ferry:
    """One side. Use it as a context manager; one process for each home.

    `now` is in seconds, as file times.
    """

    def __init__(
        self,
        home: Path,
        config: Config,
        end_of: Callable[[Spool], FerryEnd],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        home.mkdir(parents=True, exist_ok=True)
        folders = Folders(home / config.outbox, home / config.inbox, home / "quarantine")
        for folder in (config.outbox, config.inbox, Path("quarantine")):
            # A folder elsewhere belongs to a carrier. Making it here would hide that the carrier is
            # away.
            if not folder.is_absolute():
                (home / folder).mkdir(parents=True, exist_ok=True)
        looked_at = home / "scanning"
        looked_at.mkdir(exist_ok=True)
        lock = home / "ferry.lock"
        self._lock = locked(lock, "ferry_running", f"another process has {lock.name}")
        self._lock.__enter__()
        self.spool = Spool.open(spool_at(home))
        key = carrier_key(home)
        self.sender = Sender(
            self.spool,
            folders,
            Lane(config.agency, config.sends, _epoch(self.spool)),
            key,
            config.limit_bytes,
            config.patience_seconds,
        )
        self._receiver = Receiver(
            self.spool,
            folders,
            config.agency,
            config.sends.back,
            config.peer_keys(),
            key,
            config.scanner,
            looked_at,
            config.settle_seconds,
            config.patience_seconds,
        )
        self._end = end_of(self.spool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._end.close()
        self.spool.close()
        self._lock.__exit__(None, None, None)

    def round(self) -> None:
        """Do one round; afterwards raises the first CasebusError of scanner, brokers or store.

        `ferry_folder`: a folder cannot be read or written. `store_unusable`: the spool cannot. A
        missing gate or a full disk may recover, and the next round goes on.
        """
        steps = Steps()
        for one in (
            self._take_in,
            self._end.deal,
            self._collect,
            self.sender.tidy,
            self._receiver.tidy,
            self.sender.seal,
            self._put,
            self._acknowledge,
        ):
            with steps.step():
                one()
        steps.end()

    def _take_in(self) -> None:
        self._receiver.receive(self._now(), self.sender.lane, self.sender.answer, self._end.arrived)

    def _collect(self) -> None:
        if self.spool.count("queued") < MOST_QUEUED:
            self._end.collect()

    def _put(self) -> None:
        self.sender.put(self._now())

    def _acknowledge(self) -> None:
        self._receiver.acknowledge(self._now())

    def release(self, *, forget: bool = False) -> int:
        """Queue the items again that the other side refused, or drop them; returns their number."""
        with self.spool.writing():
            lines = [line for line, _ in self.spool.barred()]
            if not forget:
                self.spool.queue(lines, alone=True)
            self.spool.db.execute("delete from barred")
        return len(lines)

    def begin_again(self) -> None:
        """Begin a new epoch of the outgoing lane, and accept any epoch of the incoming one.

        For use after either side has lost its spool. Everything without proof of arrival is sent
        again. An event that arrives twice counts once.
        """
        with self.spool.writing():
            past = f"{self.spool.fact('past_epochs')} {self.spool.taken().epoch}"
            self.spool.set_fact("past_epochs", past.strip())
            self.spool.forget(("queued", "sealed", "held", "taken", "part"))
            for name in (
                "in_epoch",
                "first_waited_since",
                "ack_owed",
                "spoiled",
                "ack_name",
                "broken",
            ):
                self.spool.set_fact(name, "")
            for name in ("in_number", "out_number", "acknowledged", "ack_heard"):
                self.spool.set_fact(name, 0)
            for name in ("in_digest", "out_digest", "acknowledged_digest"):
                self.spool.set_fact(name, NONE)
            self.spool.set_fact("out_epoch", uuid.uuid4().hex)
            self._end.begin_again()


def _epoch(spool: Spool) -> str:
    with spool.writing():
        if not spool.fact("out_epoch"):
            spool.set_fact("out_epoch", uuid.uuid4().hex)
    return spool.fact("out_epoch")

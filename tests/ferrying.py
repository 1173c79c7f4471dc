"""Two sides of a ferry with nothing between them but their folders, for tests of the protocol."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from pathlib import Path

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.ferry.items import RECORD, FerryItem
from casebus.sdk.ferry.config import Config, carrier_key
from casebus.sdk.ferry.ferry import Ferry, spool_at
from casebus.sdk.ferry.spool import Spool

#: Each round flushes files and folders; in memory that costs nothing.
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
AGENCY = "cn-330106-psb"
PATIENCE = 600.0


class Sayings:
    """An end that sends the lines of a list and reads nothing: the spool shows what arrived."""

    def __init__(self, spool: Spool, lines: Sequence[bytes]) -> None:
        self._spool, self._lines = spool, lines

    def close(self) -> None: ...

    def arrived(self, item: FerryItem) -> None: ...

    def deal(self) -> None: ...

    def collect(self) -> None:
        after = int(self._spool.fact("said", "0"))
        with self._spool.writing():
            self._spool.queue(self._lines[after:])
            self._spool.set_fact("said", len(self._lines))

    def begin_again(self) -> None:
        self._spool.set_fact("said", 0)


class Clock:
    """Ahead of every file's own time, so that no file seems to be in the making."""

    def __init__(self) -> None:
        self.now = 4e9

    def __call__(self) -> float:
        return self.now


class Side:
    """One side; opened for each round, as if its process were started again."""

    def __init__(self, home: Path, side: str, clock: Clock) -> None:
        self.home, self.clock = home, clock
        self.lines: list[bytes] = []
        self.config = Config(agency=AGENCY, side=side, patience_seconds=PATIENCE)
        self.key = carrier_key(home)

    def meet(self, other: Side) -> None:
        self.set(peers=(other.key.public.hex(),))

    def set(self, **given: object) -> None:
        self.config = self.config.model_copy(update=given)

    def say(self, size: int = 10) -> None:
        about = {"topic": f"from-{self.config.side}", "partition": 0, "offset": len(self.lines)}
        self.lines.append(FerryItem(RECORD, about, Record(b"key", b"v" * size, ())).line())

    def open(self) -> Ferry:
        return Ferry(self.home, self.config, lambda spool: Sayings(spool, self.lines), self.clock)

    def round(self) -> str:
        """The code of what went wrong, if anything did."""
        try:
            with self.open() as ferry:
                ferry.round()
        except CasebusError as error:
            return error.code
        return ""

    def begin_again(self) -> None:
        with self.open() as ferry:
            ferry.begin_again()

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    def spool(self) -> Spool:
        """The spool as another process reads it."""
        return Spool.open(spool_at(self.home))

    def got(self) -> list[bytes]:
        with self.spool() as spool:
            rows = spool.db.execute("select line from arrived order by place").fetchall()
        return [row[0] for row in rows]

    def incidents(self) -> list[str]:
        with self.spool() as spool:
            return [str(one["code"]) for one in reversed(spool.rows("incident", 1000))]

    def under_way(self) -> list[int]:
        with self.spool() as spool:
            return list(spool.under_way())


class Crossing:
    """An office, a bus, and a carrier that moves what lies in one's outbox to the other's inbox."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.office = Side(folder / "office", "office", self.clock)
        self.bus = Side(folder / "bus", "bus", self.clock)
        self.office.meet(self.bus)
        self.bus.meet(self.office)
        for side in (self.office, self.bus):
            side.round()

    def copied(self, folder: Path) -> Crossing:
        """The same side at another place, in its present state; this one is closed."""
        shutil.copytree(self.office.home.parent, folder)
        made = copy.deepcopy(self)
        for side in (made.office, made.bus):
            side.home = folder / side.home.name
        return made

    def other(self, side: Side) -> Side:
        return self.bus if side is self.office else self.office

    def move(self) -> None:
        for side in (self.office, self.bus):
            for path in sorted(side.outbox.glob("[!.]*")):
                path.replace(self.other(side).inbox / path.name)

    def settle(self, rounds: int = 40) -> None:
        """Run both with a faithful carrier, until nothing is under way any more."""
        for at in range(rounds):
            self.office.round()
            self.bus.round()
            self.move()
            if at % 3 == 2:
                self.clock.now += PATIENCE
            elif not (self.office.under_way() or self.bus.under_way()) and self._empty():
                return

    def _empty(self) -> bool:
        folders = (self.office.inbox, self.bus.inbox, self.office.outbox, self.bus.outbox)
        return not any(any(folder.glob("[!.]*b0*")) for folder in folders)

    def agree(self) -> None:
        """Each has the other's records: once, and in order."""
        assert self.office.got() == self.bus.lines
        assert self.bus.got() == self.office.lines

"""One event of a year as a line: the input of `casebus publish`, with its two times.

These are the time of the act and the time of its arrival.
"""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Self, cast

import orjson

from casebus.errors import CasebusError
from casebus.events.legaltime import LegalTime
from casebus.files import appearing
from casebus.sdk.event import NewEvent
from casebus.words import in_words

JSON = dict[str, Any]
_LISTS = ("to", "causation", "late", "silent")


@dataclass(frozen=True, slots=True, kw_only=True)
class YearLine:
    type: str
    id: str
    source: str
    case: str
    #: The recipients that its author names. The bus adds the copies that the law owes.
    to: tuple[str, ...]
    legal_time: str
    causation: tuple[str, ...]
    data: JSON
    #: The time of its author's act, and of its arrival on the bus: RFC 3339.
    at: str
    arrives: str
    #: Delivered twice, byte for byte.
    twice: bool = False
    #: Its fault, by the name of province.yaml; empty if there is none.
    mistake: str = ""
    #: `clock trigger` of each period that this act overruns: T08 and the id of its trigger.
    late: tuple[str, ...] = ()
    #: On the last line of its case: the same for acts that nobody does any more.
    silent: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        given = {name: getattr(self, name) for name in self.__slots__}
        return orjson.dumps({name: value for name, value in given.items() if value})

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises CasebusError `bad_line`."""
        try:
            row = orjson.loads(text)
            lists = {name: tuple(row.get(name, ())) for name in _LISTS}
            return cls(**{"data": {}, **row, **lists})
        except (ValueError, TypeError, AttributeError) as error:
            raise CasebusError("bad_line", f"{text[:80]!r}: {in_words(error)}") from error

    def event(self, importid: str) -> NewEvent:
        """Marked as history and as invented."""
        return NewEvent(
            type=self.type,
            stream=self.case,
            source=self.source,
            id=self.id,
            to=self.to,
            legal=LegalTime.parse(self.legal_time),
            time=dt.datetime.fromisoformat(self.at),
            causation=self.causation,
            importid=importid,
            testdata=True,
            data=self.data,
        )


def write(path: Path, lines: Iterable[bytes]) -> int:
    """Write them, compressed if the name asks for it; returns their number."""
    count = 0
    with appearing(path) as file, _packing(path, file) as out:
        for line in lines:
            out.write(line + b"\n")
            count += 1
    return count


def read(path: Path) -> Iterator[YearLine]:
    with _opened(path) as given:
        for line in given:
            yield YearLine.from_json(line)


def _packing(path: Path, file: BinaryIO) -> AbstractContextManager[IO[bytes]]:
    """Leaves the file open."""
    if path.suffix != ".gz":
        return nullcontext(file)
    # Without a name and a time in its head, the same year gives the same file.
    return cast("AbstractContextManager[IO[bytes]]", gzip.GzipFile("", "wb", 6, file, mtime=0))


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path) if path.suffix == ".gz" else path.open("rb"))

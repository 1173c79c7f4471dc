"""Topics, their settings and the accounts that may use them, by `schemas/topics.yaml`.

The file holds templates (`events.{sector}`, `agency.{agency}.inbox`). They become an installation
for the agencies of its directory. Nothing here talks to Kafka.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from casebus import shipped
from casebus.errors import CasebusError

Pattern = Literal["literal", "prefixed"]
Resource = Literal["topic", "group"]
Operation = Literal["read", "write", "create", "describe"]

#: The topics that code names; the file has their settings.
JOURNAL, REJECTED, DIRECTORY = "case.journal", "rejected", "directory"
AGENCY = "agency"
#: The account that runs the installation: a super user of the brokers, and no agency.
ADMIN = "admin"
#: In the place of an agency or a sector: the topics of all of them.
EVERY = "*"
_OWN, _INBOX, _RECEIPTS = "agency.", ".inbox", ".receipts"
_REJECTED = f".{REJECTED}"
_HOSTED = "inbox."
_HOUR_MS = 3_600_000
_UNITS_MS = {"h": _HOUR_MS, "d": 24 * _HOUR_MS}


def inbox_of(agency: str) -> str:
    """What an agency with a system of its own is sent."""
    return f"{_OWN}{agency}{_INBOX}"


def receipts_of(agency: str) -> str:
    """The receipts for what such an agency sent."""
    return f"{_OWN}{agency}{_RECEIPTS}"


def rejected_of(agency: str) -> str:
    """What such an agency sent and admission rejected."""
    return f"{_OWN}{agency}{_REJECTED}"


def own_topics(agency: str) -> tuple[str, str, str]:
    """All that such an agency reads."""
    return inbox_of(agency), receipts_of(agency), rejected_of(agency)


def owner_of(topic: str) -> str:
    """The agency whose own topic this is; empty for any other topic."""
    agency, dot, _ = topic.removeprefix(_OWN).rpartition(".")
    return agency if dot and topic in own_topics(agency) else ""


def hosted_inbox_of(sector: str) -> str:
    """What the agencies of a sector are sent that have their inbox on the bus."""
    return f"{_HOSTED}{sector}"


def is_hosted_inbox(topic: str) -> bool:
    return topic.startswith(_HOSTED)


def sector_of_inbox(topic: str) -> str:
    return topic.removeprefix(_HOSTED)


class TopicsError(CasebusError):
    """A topics file with impossible content."""


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """An agency with a system of its own on Kafka: its principal is its id."""

    id: str
    sector: str


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of an installation; `partitions` None means the installation's own count."""

    name: str
    title: str
    key: str
    partitions: int | None
    config: dict[str, str]
    writers: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """One permission to grant; everything else is denied."""

    principal: str
    resource: Resource
    name: str
    pattern: Pattern
    operation: Operation


@dataclass(frozen=True, slots=True)
class Quota:
    """The bytes a second that one principal may produce and consume, and its share of requests."""

    principal: str
    produce_bytes: int
    consume_bytes: int
    #: Percent of one of the broker's threads.
    request_percent: int


class Topics:
    """The file, expanded on demand for a set of agencies on Kafka."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        for row in body["topics"]:
            others = chain.from_iterable(row.get("writers_of", {}).values())
            unknown = {*row["writers"], *row["readers"], *others}
            unknown -= {*self.principals, AGENCY, ADMIN}
            if unknown:
                raise TopicsError("topics_unknown_principal", f"{row['name']}: {sorted(unknown)}")

    @classmethod
    def parse(cls, text: str) -> Topics:
        return cls(shipped.parse(text))

    @classmethod
    def load(cls, folder: Path) -> Topics:
        return cls.parse((folder / "topics.yaml").read_text(encoding="utf-8"))

    @cached_property
    def principals(self) -> tuple[str, ...]:
        """The services' principals; agencies have their own ids, `admin` is a super user."""
        return tuple(name for name in self._body["principals"] if name != AGENCY)

    @property
    def sectors(self) -> tuple[str, ...]:
        return tuple(self._body["sectors"])

    @property
    def hosted(self) -> tuple[str, ...]:
        """Sectors whose hosted agencies have an inbox and an intake here."""
        return tuple(self._body["hosted"])

    @property
    def door_records(self) -> int:
        """The records a second that admission takes from one door."""
        return int(self._body["door_records"])

    @property
    def door_rejects(self) -> int:
        """The records a second that admission rejects of one door."""
        return int(self._body["door_rejects"])

    def topics(self, members: Iterable[Member] = ()) -> tuple[Topic, ...]:
        """Every topic of an installation with these agencies on Kafka."""
        known = sorted(members)
        return tuple(topic for row in self._body["topics"] for topic in self._expand(row, known))

    def names_like(self, glob: str) -> tuple[str, ...]:
        """Names of shared topics that match, as `events.*`; agencies' own ones are left out."""
        return tuple(topic.name for topic in self.topics() if fnmatchcase(topic.name, glob))

    def consumed(self, principal: str) -> tuple[str, ...]:
        """The shared topics that a service works off, under the group of its name."""
        return tuple(chain.from_iterable(map(self.names_like, self._globs(principal))))

    def followed(self, principal: str) -> tuple[str, ...]:
        """The same, with globs such as `events.*` that match agencies' own topics too."""
        return tuple(dict.fromkeys((*self.consumed(principal), *self._globs(principal))))

    def watched(self, principal: str) -> dict[str, tuple[str, ...]]:
        """The groups whose progress a service may see, each with its topics (`followed`)."""
        return {group: self.followed(group) for group in self._asked(principal)}

    def acls(self, members: Iterable[Member] = ()) -> tuple[Acl, ...]:
        """All permissions of services and agencies, sorted and without doubles."""
        known = sorted(members)
        rows = {acl for topic in self.topics(known) for acl in _on_topic(topic)}
        rows.update(acl for name in self.principals for acl in self._own(name))
        rows.update(acl for one in known for acl in _groups_of_agency(one.id))
        return tuple(sorted(rows))

    def quotas(self, members: Iterable[Member]) -> tuple[Quota, ...]:
        row = self._body["principals"][AGENCY]
        limits = (row["produce_bytes"], row["consume_bytes"], row["request_percent"])
        return tuple(Quota(one.id, *limits) for one in sorted(members))

    def _globs(self, principal: str) -> list[str]:
        return list(self._body["principals"][principal].get("consumes", ()))

    def _asked(self, principal: str) -> list[str]:
        return list(self._body["principals"][principal].get("asks", ()))

    def _expand(self, row: dict[str, Any], members: list[Member]) -> Iterator[Topic]:
        if "{agency}" in row["name"]:
            for one in members:
                name = row["name"].format(agency=one.id, sector=one.sector)
                yield self._topic(row, name, (one.id,))
        elif "{sector}" in row["name"]:
            for sector in self.sectors:
                own = tuple(one.id for one in members if one.sector == sector)
                writers = row.get("writers_of", {}).get(sector, row["writers"])
                named = {**row, "writers": writers}
                yield self._topic(named, row["name"].format(sector=sector), own)
        elif "{hosted}" in row["name"]:
            for sector in self.hosted:
                yield self._topic(row, row["name"].format(hosted=sector), ())
        else:
            yield self._topic(row, row["name"], ())

    def _topic(self, row: dict[str, Any], name: str, agencies: tuple[str, ...]) -> Topic:
        count = row["partitions"]
        return Topic(
            name=name,
            title=row["title"],
            key=row["key"],
            partitions=None if count == "installation" else int(count),
            config={
                **{key: str(value) for key, value in self._body["config"].items()},
                "retention.ms": str(_retention_ms(row["retention"])),
                "max.message.bytes": str(row["max_message_bytes"]),
            },
            writers=_named(row["writers"], agencies),
            readers=_named(row["readers"], agencies),
        )

    def _own(self, principal: str) -> Iterator[Acl]:
        """A service's consumer group, Faust's own topics, and the progress it may ask about."""
        row = self._body["principals"][principal]
        yield Acl(principal, "group", row["group"], "literal", "read")
        if prefix := row.get("prefix"):
            for operation in ("create", "read", "write"):
                yield Acl(principal, "topic", prefix, "prefixed", operation)
        for group in self._asked(principal):
            yield Acl(principal, "group", group, "literal", "describe")
            for topic in self.consumed(group):
                yield Acl(principal, "topic", topic, "literal", "describe")


def _named(principals: list[str], agencies: tuple[str, ...]) -> tuple[str, ...]:
    services = tuple(name for name in principals if name != AGENCY)
    return services + (agencies if AGENCY in principals else ())


def _on_topic(topic: Topic) -> Iterator[Acl]:
    for writer in topic.writers:
        yield Acl(writer, "topic", topic.name, "literal", "write")
    for reader in topic.readers:
        yield Acl(reader, "topic", topic.name, "literal", "read")


def _groups_of_agency(agency: str) -> Iterator[Acl]:
    yield Acl(agency, "group", agency, "literal", "read")
    # The dot keeps `cn-1-amr` out of the groups of `cn-1-amrx`.
    yield Acl(agency, "group", f"{agency}.", "prefixed", "read")


def _retention_ms(text: str) -> int:
    """`90d` or `1h` in milliseconds; -1 keeps records for ever."""
    if text == "forever":
        return -1
    if not (text[:-1].isdigit() and text[-1] in _UNITS_MS):
        raise TopicsError("topics_bad_retention", text)
    return int(text[:-1]) * _UNITS_MS[text[-1]]

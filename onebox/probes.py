"""Readiness by real questions: each kind of process gets one that only a working one can answer."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebus.later import later
from casebus.settings import Settings
from onebox import clients
from onebox.service import Prober, Ready

# They load while the broker starts.
if TYPE_CHECKING:
    from urllib import error as url_errors
    from urllib import request

    from kafka import KafkaAdminClient
    from kafka import errors as kafka_errors

    from operations import clients as admin_clients
else:
    url_errors = later("urllib.error")
    request = later("urllib.request")
    kafka_errors = later("kafka.errors")
    admin_clients = later("operations.clients")

_STABLE = "Stable"
#: Longer than the gateway takes to notice that its database does not answer.
_PATIENCE = 5.0


class Probes:
    """The questions of one stack; one admin client serves all those about Kafka."""

    def __init__(self, settings: Settings, database_url: str) -> None:
        self._settings = settings
        self._database_url = database_url
        self._admin: KafkaAdminClient | None = None
        self._turn = asyncio.Lock()

    async def kafka(self) -> Ready:
        return self._kafka_answers

    def database(self, owner_url: str) -> Prober:
        async def prober() -> Ready:
            return lambda: clients.answers(owner_url)

        return prober

    def worker(self, group: str) -> Prober:
        """Ready when its group is stable and has a member that is new since this start."""

        async def prober() -> Ready:
            before = await self._members(group) or {}

            async def ready() -> bool:
                now = await self._members(group) or {}
                return bool(now) and not now.keys() <= before.keys() and any(now.values())

            return ready

        return prober

    def leader(self, application: str) -> Prober:
        """Ready when a session of it, opened since this start, holds an advisory lock."""

        async def prober() -> Ready:
            since = await clients.database_time(self._database_url)
            return lambda: clients.leads(self._database_url, application, since)

        return prober

    def http(self, url: str, ca: Path | None = None) -> Prober:
        async def prober() -> Ready:
            return lambda: asyncio.to_thread(_serves, url, ca)

        return prober

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    async def _kafka_answers(self) -> bool:
        host, _, port = self._settings.kafka_bootstrap.split(",")[0].rpartition(":")
        if not _listens(host, int(port)):
            return False
        return await self._ask(lambda admin: bool(admin.describe_cluster()["brokers"])) is True

    async def _members(self, group: str) -> Mapping[str, int] | None:
        """Member ids of a stable group and the number of partitions of each; None if not stable."""
        members: Mapping[str, int] | None = await self._ask(partial(_members_of, group=group))
        return members

    async def _ask(self, question: Any) -> Any:
        """Put one question to Kafka; None if it has no answer now."""
        async with self._turn:
            return await asyncio.to_thread(self._ask_now, question)

    def _ask_now(self, question: Any) -> Any:
        try:
            self._admin = self._admin or admin_clients.open_admin(self._settings)
            return question(self._admin)
        except (kafka_errors.KafkaError, OSError):
            self.close()
            time.sleep(0.05)
            return None


def _members_of(admin: KafkaAdminClient, group: str) -> Mapping[str, int] | None:
    described = admin.describe_groups([group])[group]
    if described["group_state"] != _STABLE:
        return None
    return {member["member_id"]: _partitions(member) for member in described["members"]}


def _partitions(member: Mapping[str, Any]) -> int:
    assignment = member["member_assignment"] or {}
    return sum(len(each["partitions"]) for each in assignment.get("assigned_partitions", ()))


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def health(url: str, ca: Path | None = None) -> dict[str, Any] | None:
    """The gateway's report on itself and its surroundings. None if it gives none."""
    found = _answer(f"{url}/healthz", ca)
    return found[1] if found else None


def _serves(url: str, ca: Path | None) -> bool:
    """Ready, except for others' parts: a gateway that waited for those would serve nobody."""
    found = _answer(url, ca)
    if found is None:
        return False
    ready, body = found
    failing = {name for name, state in body.get("checks", {}).items() if state != "ok"}
    return ready or (bool(failing) and failing <= _OF_OTHERS)


#: Checks that are not about the gateway itself.
_OF_OTHERS = frozenset({"derived", "moving", "watched"})


def _answer(url: str, ca: Path | None) -> tuple[bool, dict[str, Any]] | None:
    """Whether it is well, with its report; None if no gateway answers."""
    context = ssl.create_default_context(cafile=ca) if ca else None
    # The address is this machine's own: the shell's proxies are for others.
    opener = request.build_opener(request.ProxyHandler({}), request.HTTPSHandler(context=context))
    try:
        with opener.open(url, timeout=_PATIENCE) as answer:
            return True, dict(json.loads(answer.read()))
    except url_errors.HTTPError as error:
        with suppress(ValueError, TypeError):
            return False, dict(json.loads(error.read()))
    except (url_errors.URLError, OSError, ValueError, TypeError):
        return None
    return None

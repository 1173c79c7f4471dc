"""All steps in order, and a stamp that lets the next start skip what has not changed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casebus.events.doors import BUS
from casebus.events.schemas import Schemas
from casebus.events.topics import ADMIN, Topics
from casebus.settings import Settings
from onebox import clients
from onebox.credentials import Credentials, write_private
from onebox.places import Home

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

    from casebus.trust.directory import Agency

#: Who has which key, account and permission; another one provisions an old home anew.
LAYOUT = "2"
AGENCIES = Path(__file__).parents[2] / "examples" / "agencies.yaml"


def agencies_file() -> Path:
    """Whom the directory names at the beginning: the file of CASEBUS_AGENCIES, or the examples'."""
    return Path(os.environ.get("CASEBUS_AGENCIES") or AGENCIES)


@dataclass(frozen=True, slots=True)
class Installation:
    """What is provisioned: `settings` are those of Kafka's admin."""

    home: Home
    settings: Settings
    credentials: Credentials
    agencies: Path = field(default_factory=agencies_file)

    @property
    def stamp(self) -> Path:
        return self.home.path / "provisioned.json"

    @property
    def law_stamp(self) -> Path:
        return self.home.path / "law-adopted.json"

    def provision_kafka(self) -> None:
        """Blocking; skipped when files and cluster are those of the last time."""
        admin = clients.open_admin(self.settings)
        try:
            wanted = self._fingerprint(str(admin.describe_cluster()["cluster_id"]))
            if self._stamped() == wanted:
                return
            self._provision(admin)
        finally:
            admin.close()
        write_private(self.stamp, json.dumps(wanted).encode())

    def check_law(self) -> str:
        """Which law was found good while the backends start; none where it is adopted already.

        Raises LawError where new files cannot be used.
        """
        from operations.adoption import announcing  # noqa: PLC0415  while the backends start

        digest = announcing.digest_of(self.settings.policies_dir)
        said = self.known_law()
        if said.get("installed", said.get("digest")) == digest:
            return ""
        announcing.check(self.settings)
        return digest

    async def adopt_law(self, checked: str = "") -> None:
        """Keep the law's bundle always; say that it is adopted when it is not the last one said.

        `checked` is the digest of what was checked before.
        """
        from onebox.provision import directory  # noqa: PLC0415  while the backends start
        from operations.adoption import announcing  # noqa: PLC0415

        settings = self.settings
        digest = announcing.digest_of(settings.policies_dir)
        said = self.said_law()
        keys = directory.KeyFolder(settings.keys_dir, self.home)
        # What an author adopted since stays in force until the files here change again.
        changed = said.get("installed", said.get("digest")) != digest
        if changed and digest != checked:
            await asyncio.to_thread(announcing.check, settings)
        await announcing.keep(settings.database_url, settings.policies_dir)
        if changed and keys.has(BUS):
            adoption = announcing.Adoption(
                digest, said.get("digest", ""), before=int(said.get("count", 0))
            )
            await asyncio.to_thread(announcing.adopt, settings, keys.of(BUS), adoption)
            self.note_law(digest, installed=digest)

    def said_law(self) -> dict[str, str]:
        """Which law was adopted last in this cluster, and which files lay here then."""
        said = _read(self.law_stamp)
        return said if said.get("cluster") == self._stamped()["cluster"] else {}

    def note_law(self, digest: str, *, installed: str) -> None:
        said = self.said_law()
        stamp = {
            "cluster": self._stamped()["cluster"],
            "digest": digest,
            "installed": installed,
            "count": str(int(said.get("count", 0)) + 1),
        }
        write_private(self.law_stamp, json.dumps(stamp).encode())

    def known_law(self) -> dict[str, str]:
        """The same, in whichever cluster it was."""
        return _read(self.law_stamp)

    def note_known_law(self, said: dict[str, str]) -> None:
        """Take over what was said in the cluster of which this one holds the records."""
        if said:
            stamp = {**said, "cluster": self._stamped()["cluster"]}
            write_private(self.law_stamp, json.dumps(stamp).encode())

    async def register_api_keys(self) -> None:
        from gateway.identity import keys  # noqa: PLC0415  while the backends start

        self.credentials.api_key(ADMIN)
        known = self.credentials.api_keys
        # An earlier release made one.
        known.pop(BUS, None)
        url = self.settings.database_url
        await keys.revoke_all(url, BUS)
        agencies = {name: key for name, key in known.items() if name != ADMIN}
        await keys.register(url, agencies, label="development")
        # An operator's key is labelled with whose it is.
        await keys.register(url, {ADMIN: known[ADMIN]})
        for name, key in self.credentials.operators.items():
            await keys.register(url, {ADMIN: key}, label=name)

    def _provision(self, admin: KafkaAdminClient) -> None:
        from onebox.provision import directory, kafka  # noqa: PLC0415  not on a warm start

        agencies = directory.read_agencies(self.agencies)
        topics = Topics.load(self.settings.schemas_dir)
        own = directory.members(agencies)
        brokers = len(admin.describe_cluster()["brokers"])
        names = kafka.users(topics, own)
        if self.settings.kafka_security_protocol.startswith("SASL"):
            kafka.provision_users(admin, names, self.credentials)
        kafka.provision_topics(
            admin, topics.topics(own), self.settings.installation_partitions, min(brokers, 3)
        )
        if self.settings.kafka_security_protocol != "PLAINTEXT":
            kafka.provision_acls(admin, topics.acls(own), set(names))
            kafka.provision_quotas(admin, topics.quotas(own))
        self._provision_directory(agencies)

    def _provision_directory(self, agencies: list[Agency]) -> None:
        from onebox.provision import directory  # noqa: PLC0415  not on a warm start

        keys = directory.KeyFolder(self.settings.keys_dir, self.home)
        self.credentials.root_digest = directory.provision_directory(
            self.settings,
            Schemas.load(self.settings.schemas_dir),
            agencies,
            keys,
            self.credentials.root_digest or self.settings.root_digest,
        )
        for agency in agencies:
            # The bus speaks through no gateway.
            if agency.id != BUS:
                self.credentials.api_key(agency.id)

    def _fingerprint(self, cluster: str) -> dict[str, str]:
        return {
            "cluster": cluster,
            "topics": _digest(self.settings.schemas_dir / "topics.yaml"),
            "agencies": _digest(self.agencies),
            "layout": LAYOUT,
        }

    def _stamped(self) -> dict[str, str]:
        return _read(self.stamp)


async def make_tables(owner_url: str, known: Credentials) -> None:
    """Migrate, and let each service have its role; where we may make none, all are the owner."""
    from storage import journal, roles  # noqa: PLC0415  while the backends start
    from storage.dumping import snapshot  # noqa: PLC0415
    from storage.migrate import migrate  # noqa: PLC0415

    await migrate(owner_url)
    async with snapshot(owner_url) as connection:
        known.epoch = await journal.current_epoch(connection)
    passwords = {service: known.role_password(service) for service in roles.SERVICES}
    if not await roles.set_up(owner_url, passwords):
        known.roles.clear()


async def provision(installation: Installation) -> None:
    """Every step, on brokers and a database that answer."""
    await make_tables(installation.settings.database_url, installation.credentials)
    await asyncio.to_thread(installation.provision_kafka)
    await asyncio.gather(installation.adopt_law(), installation.register_api_keys())


def _read(stamp: Path) -> dict[str, str]:
    return dict(json.loads(stamp.read_text("utf-8"))) if stamp.is_file() else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

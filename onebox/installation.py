"""The installation of a home: the steps of provisioning, and stamps of the last start.

A start skips the steps whose input has not changed. The steps are `operations.provision`, which
knows no home.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casebus.events.doors import BUS
from casebus.later import later
from casebus.settings import Settings
from onebox.agencies import agencies_file
from onebox.credentials import Credentials, write_private
from onebox.keyfolder import KeyFolder
from onebox.places import Home
from operations.provision.agencies import read_agencies
from operations.provision.callers import register_api_keys
from operations.provision.tables import make_tables

# They load while the backends start.
if TYPE_CHECKING:
    from kafka import KafkaAdminClient

    from operations import clients
    from operations.adoption import announcing
    from operations.provision import brokers
else:
    clients = later("operations.clients")
    announcing = later("operations.adoption.announcing")
    brokers = later("operations.provision.brokers")

#: The set of keys, accounts and permissions. If it changes, an old home is provisioned again.
LAYOUT = "2"


@dataclass(frozen=True, slots=True)
class Installation:
    """The provisioned things: `settings` are those of Kafka's admin."""

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
        """The law that was found good while the backends start; none if it is adopted already.

        Raises LawError if new files cannot be used.
        """
        digest = announcing.digest_of(self.settings.policies_dir)
        said = self.known_law()
        if said.get("installed", said.get("digest")) == digest:
            return ""
        announcing.check(self.settings)
        return digest

    async def adopt_law(self, checked: str = "") -> None:
        """Keep the law's bundle always; announce the law if it is not the last announced one.

        `checked` is the digest that was checked before.
        """
        settings = self.settings
        digest = announcing.digest_of(settings.policies_dir)
        said = self.said_law()
        keys = KeyFolder(settings.keys_dir, self.home)
        # A law that a person adopted since then stays in force until the files here change again.
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
        """The law adopted last in this cluster, and the law files of that time."""
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
        """The same, in any cluster."""
        return _read(self.law_stamp)

    def note_known_law(self, said: dict[str, str]) -> None:
        """Take over the note from the cluster whose records this one holds."""
        if said:
            stamp = {**said, "cluster": self._stamped()["cluster"]}
            write_private(self.law_stamp, json.dumps(stamp).encode())

    def _provision(self, admin: KafkaAdminClient) -> None:
        keys = KeyFolder(self.settings.keys_dir, self.home)
        keys.split()
        agencies = read_agencies(self.agencies)
        brokers.provision_brokers(admin, self.settings, agencies, self.credentials, keys)

    def _fingerprint(self, cluster: str) -> dict[str, str]:
        return {
            "cluster": cluster,
            "topics": _digest(self.settings.schemas_dir / "topics.yaml"),
            "agencies": _digest(self.agencies),
            "layout": LAYOUT,
        }

    def _stamped(self) -> dict[str, str]:
        return _read(self.stamp)


async def provision(installation: Installation) -> None:
    """Every step, on brokers and a database that answer."""
    url, known = installation.settings.database_url, installation.credentials
    await make_tables(url, known)
    await asyncio.to_thread(installation.provision_kafka)
    await asyncio.gather(installation.adopt_law(), register_api_keys(url, known))


def _read(stamp: Path) -> dict[str, str]:
    return dict(json.loads(stamp.read_text("utf-8"))) if stamp.is_file() else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

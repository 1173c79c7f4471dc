"""Provisions the brokers: users, topics, permissions, quotas, the directory."""

from __future__ import annotations

from kafka import KafkaAdminClient

from casebus.events.doors import BUS
from casebus.events.schemas import Schemas
from casebus.events.topics import Topics
from casebus.settings import Settings
from casebus.trust.directory import Agency
from operations.provision import kafka
from operations.provision.agencies import members
from operations.provision.credentials import InstallationSecrets
from operations.provision.directory import PrivateKeys, provision_directory

_MOST_REPLICAS = 3


def provision_brokers(
    admin: KafkaAdminClient,
    settings: Settings,
    agencies: list[Agency],
    known: InstallationSecrets,
    keys: PrivateKeys,
) -> None:
    """Users, topics, permissions, quotas and the directory; `settings` are the admin's."""
    topics, own = Topics.load(settings.schemas_dir), members(agencies)
    names = kafka.users(topics, own)
    replicas = min(len(admin.describe_cluster()["brokers"]), _MOST_REPLICAS)
    if settings.kafka_security_protocol.startswith("SASL"):
        kafka.provision_users(admin, names, known)
    kafka.provision_topics(admin, topics.topics(own), settings.installation_partitions, replicas)
    if settings.kafka_security_protocol != "PLAINTEXT":
        kafka.provision_acls(admin, topics.acls(own), set(names))
        kafka.provision_quotas(admin, topics.quotas(own))
    register_agencies(settings, agencies, known, keys)


def register_agencies(
    settings: Settings, agencies: list[Agency], known: InstallationSecrets, keys: PrivateKeys
) -> None:
    """The agencies in the directory, and an API key for each."""
    schemas = Schemas.load(settings.schemas_dir)
    root = known.root_digest or settings.root_digest
    known.root_digest = provision_directory(settings, schemas, agencies, keys, root)
    for agency in agencies:
        # The bus itself uses no gateway.
        if agency.id != BUS:
            known.api_key(agency.id)

"""Topics, SCRAM users, permissions and quotas, exactly as schemas/topics.yaml says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest

from casebus.errors import CasebusError
from casebus.events.topics import Acl, Member, Quota, Topic, Topics
from operations.provision.credentials import InstallationSecrets

_GRANTED = ACLPermissionType.ALLOW


def users(topics: Topics, members: Iterable[Member]) -> tuple[str, ...]:
    """Everyone who signs in except the admin: the services, and the agencies on Kafka."""
    return (*topics.principals, *(member.id for member in members))


def provision_users(
    admin: KafkaAdminClient, names: Iterable[str], known: InstallationSecrets
) -> None:
    """Give a password to each user that the brokers do not know yet.

    Raises CasebusError `password_unknown` for users that another installation made: taking over
    their passwords would shut out that installation.
    """
    existing = set(admin.describe_user_scram_credentials())
    strangers = sorted({name for name in names if name in existing and name not in known.kafka})
    if strangers:
        raise CasebusError(
            "password_unknown",
            f"Kafka has {', '.join(strangers)} already; bring the credentials that they were made"
            " with (credentials.json)",
        )
    fresh = [name for name in names if name not in existing]
    if fresh:
        failed = admin.alter_user_scram_credentials([_with_password(name, known) for name in fresh])
        _require_none([f"{user}: {error}" for user, error in failed.items() if error])


def provision_topics(
    admin: KafkaAdminClient, topics: Iterable[Topic], partitions: int, replicas: int
) -> list[str]:
    """Create the missing topics; returns the names created now."""
    existing = set(admin.list_topics())
    missing = {
        topic.name: {
            "num_partitions": topic.partitions or partitions,
            "replication_factor": replicas,
            "configs": topic.config,
        }
        for topic in topics
        if topic.name not in existing
    }
    if missing:
        admin.create_topics(missing, wait_for_metadata=True)
    return list(missing)


def provision_acls(admin: KafkaAdminClient, wanted: Iterable[Acl], principals: set[str]) -> None:
    """Grant missing permissions; withdraw those of these principals that the file no longer has."""
    listed, _ = admin.describe_acls(_every_acl())
    named = {_identity(row): row for row in map(_to_kafka, wanted)}
    existing = {_identity(row) for row in listed}
    missing = [row for identity, row in named.items() if identity not in existing]
    if missing:
        done = admin.create_acls(missing)
        _require_none([str(row) for row in done["failed"]])
    ours = {f"User:{name}" for name in principals}
    stale = [row for row in listed if row.principal in ours and _identity(row) not in named]
    if stale:
        admin.delete_acls([_exactly(row) for row in stale])


def provision_quotas(admin: KafkaAdminClient, quotas: Iterable[Quota]) -> None:
    """kafka-python 3.0.12 has the request but no method for it; a test holds this to the broker."""
    entry, entity, op = (
        AlterClientQuotasRequest.EntryData,
        AlterClientQuotasRequest.EntryData.EntityData,
        AlterClientQuotasRequest.EntryData.OpData,
    )
    entries = [
        entry(
            entity=[entity(entity_type="user", entity_name=quota.principal)],
            ops=[
                op(key="producer_byte_rate", value=float(quota.produce_bytes), remove=False),
                op(key="consumer_byte_rate", value=float(quota.consume_bytes), remove=False),
                op(key="request_percentage", value=float(quota.request_percent), remove=False),
            ],
        )
        for quota in quotas
    ]
    if entries:
        request = AlterClientQuotasRequest(entries=entries, validate_only=False)
        answer = admin._manager.run(admin._manager.send, request)  # noqa: SLF001 - pinned; it has no call
        _require_none([one.error_message for one in answer.entries if one.error_code])


def _with_password(name: str, known: InstallationSecrets) -> UserScramCredentialUpsertion:
    return UserScramCredentialUpsertion(
        user=name, mechanism=ScramMechanism.SCRAM_SHA_512, password=known.kafka_password(name)
    )


def _require_none(errors: list[str]) -> None:
    if errors:
        raise CasebusError("kafka_not_provisioned", "; ".join(errors))


def _to_kafka(acl: Acl) -> ACL:
    pattern = ACLResourcePatternType[acl.pattern.upper()]
    return ACL(
        f"User:{acl.principal}",
        "*",
        ACLOperation[acl.operation.upper()],
        _GRANTED,
        ResourcePattern(ResourceType[acl.resource.upper()], acl.name, pattern),
    )


def _identity(row: Any) -> tuple[Any, ...]:
    pattern = row.resource_pattern
    return (
        row.principal,
        row.operation,
        pattern.resource_type,
        pattern.resource_name,
        pattern.pattern_type,
    )


def _every_acl() -> ACLFilter:
    return ACLFilter(
        None,
        None,
        ACLOperation.ANY,
        ACLPermissionType.ANY,
        ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )


def _exactly(row: Any) -> ACLFilter:
    pattern = row.resource_pattern
    return ACLFilter(
        row.principal,
        row.host,
        row.operation,
        row.permission_type,
        ResourcePatternFilter(pattern.resource_type, pattern.resource_name, pattern.pattern_type),
    )

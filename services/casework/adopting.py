"""The law in force in a partition: an adoption counts once its bundle is kept.

Without the bundle, the partition waits (design rule 10, law bundles). It waits for the bundle, or
for a later journaled `law.adoption_voided`, by which the adoption never counted. The database
remembers that it did not count, so that a rebuild finds the same, whatever is restored later.
"""

from __future__ import annotations

from casebus.events.doors import BUS
from casebus.events.types import LAW_ADOPTED, LAW_ADOPTION_VOIDED
from services.casework.desk import Desk
from services.casework.law_cache import MissingLawError
from services.casework.records import Journaled
from services.casework.sorting import Sorted
from storage import stalling
from storage.handles import Connection


def note_voids(found: Sorted, desk: Desk) -> None:
    """Note the voided adoptions of a batch before its adoptions are looked at."""
    for one in found.fresh:
        if one.envelope.type == LAW_ADOPTION_VOIDED and one.envelope.agency == BUS:
            desk.lawbooks.voided.add(desk.schemas.decode(one.row.value)[1]["adoption"])


async def adopted(connection: Connection, one: Journaled, desk: Desk, law: str) -> str:
    """The law in force after this record, `law` being that before. Raises MissingLawError."""
    if one.envelope.type != LAW_ADOPTED or one.envelope.agency != BUS:
        return law
    digest: str = desk.schemas.decode(one.row.value)[1]["digest"]
    counts = await _counts(connection, one.envelope.id, digest, one.row.partition, desk)
    return digest if counts else law


async def standing(connection: Connection, desk: Desk, partition: int, law: str | None) -> str:
    """The law in force before a batch; an earlier release went on without the bundle."""
    installed = desk.lawbooks.installed.digest
    if law is None or await desk.lawbooks.has(connection, law):
        return law or installed
    said = await stalling.adopted_in(connection, desk.epoch, partition)
    for adoption, value in said:
        digest: str = desk.schemas.decode(value)[1]["digest"]
        if await _counts(connection, adoption, digest, partition, desk):
            return digest
    if said:
        return installed
    raise MissingLawError(law)


async def _counts(
    connection: Connection, adoption: str, digest: str, partition: int, desk: Desk
) -> bool:
    if await stalling.is_voided(connection, adoption):
        return False
    if await desk.lawbooks.has(connection, digest):
        return True
    if adoption not in desk.lawbooks.voided:
        raise MissingLawError(digest, adoption)
    if desk.speaks:
        await stalling.note_voided(connection, adoption, partition, digest)
    return False

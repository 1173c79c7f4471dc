"""The law in force in a partition: an adoption counts once its bundle is kept.

Without the bundle, the partition waits (design rule 10, law bundles). It waits for the bundle, or
for a later journaled `law.adoption_voided`, by which the adoption never counted. The database
remembers that it did not count, so that a rebuild finds the same, whatever is restored later.
"""

from __future__ import annotations

from casebus.events.doors import BUS
from casebus.events.types import LAW_ADOPTED, LAW_ADOPTION_VOIDED
from services.casework.context import CaseworkContext
from services.casework.law_cache import MissingLawError
from services.casework.records import Journaled
from services.casework.sorting import Sorted
from storage import stalling
from storage.handles import Connection


def note_voids(found: Sorted, context: CaseworkContext) -> None:
    """Note the voided adoptions of a batch before its adoptions are looked at."""
    for one in found.fresh:
        if one.envelope.type == LAW_ADOPTION_VOIDED and one.envelope.agency == BUS:
            context.laws.voided.add(context.schemas.decode(one.row.value)[1]["adoption"])


async def adopted(
    connection: Connection, one: Journaled, context: CaseworkContext, in_force: str
) -> str:
    """The law in force after this record; `in_force` before it: digests. Raises MissingLawError."""
    if one.envelope.type != LAW_ADOPTED or one.envelope.agency != BUS:
        return in_force
    digest: str = context.schemas.decode(one.row.value)[1]["digest"]
    counts = await _counts(connection, one.envelope.id, digest, one.row.partition, context)
    return digest if counts else in_force


async def standing(
    connection: Connection, context: CaseworkContext, partition: int, in_force: str | None
) -> str:
    """The law in force before a batch; an earlier release went on without the bundle."""
    installed = context.laws.installed.digest
    if in_force is None or await context.laws.has(connection, in_force):
        return in_force or installed
    said = await stalling.adopted_in(connection, context.epoch, partition)
    for adoption, value in said:
        digest: str = context.schemas.decode(value)[1]["digest"]
        if await _counts(connection, adoption, digest, partition, context):
            return digest
    if said:
        return installed
    raise MissingLawError(in_force)


async def _counts(
    connection: Connection, adoption: str, digest: str, partition: int, context: CaseworkContext
) -> bool:
    if await stalling.is_voided(connection, adoption):
        return False
    if await context.laws.has(connection, digest):
        return True
    if adoption not in context.laws.voided:
        raise MissingLawError(digest, adoption)
    if context.speaks:
        await stalling.note_voided(connection, adoption, partition, digest)
    return False

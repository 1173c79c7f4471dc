"""From a submission to a record on the bus: checked, signed, stored, then produced.

The finished record is in the database before it is on Kafka. So a repeated request, after any
failure, puts the very same bytes on the bus, and another body under the same identity is refused.
If nobody asks again, the scheduler's relay sends the stored record.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from casebus.admission.secrecy import refuse_state_secrets
from casebus.errors import CasebusError
from casebus.events.doors import BUS, door_of
from casebus.events.envelope import Envelope, Record, agency_of, check_entered
from casebus.events.legaltime import refuse_ahead
from casebus.events.limits import MOST_HEADER_BYTES, MOST_VALUE_BYTES
from casebus.events.mismatches import mismatches_of
from casebus.events.schemas import CodecError, Schema
from casebus.rejections import Reason
from casebus.trust.directory import Agency
from casebus.trust.signing import Draft, sign
from gateway.entry.cloudevents import Submission
from gateway.problems import RefusedError
from gateway.runtime.context import Gateway
from storage import retries, submissions
from storage.handles import Handle
from storage.submissions import Finished


async def submit(gateway: Gateway, agency: str, submission: Submission) -> Finished:
    """Put an event on the bus, once, however often it is requested; raises CasebusError."""
    finished = finish(gateway, agency, submission)
    if await _at_once(gateway, finished):
        return finished
    return await send(gateway, await keep(gateway, finished))


async def _at_once(gateway: Gateway, finished: Finished) -> bool:
    """Store and send first requests together with others of the same moment.

    False if it was not sent so: it was requested before, or something must be sent before it.
    """
    name = (finished.source, str(finished.stream))
    if not gateway.turns.is_free(*name):
        return False
    async with gateway.turns.of(*name):
        if not await gateway.keeping(finished):
            return False
        if not await _is_ours(gateway, finished):
            return True
        await _produce(gateway, finished, is_asked=True)
    return True


async def keep(gateway: Gateway, finished: Finished) -> Finished:
    """Store before producing; raises `id_conflict` for the same identity with another body.

    A record that is in the journal but not here, because `own` was restored, is not sent again.
    """
    database = await gateway.database()
    kept = await submissions.stored(database, finished.source, finished.event_id)
    if kept is None:
        kept = await submissions.store(database, await _as_it_stands(database, finished))
    if kept.digest != finished.digest:
        raise _conflict()
    return kept


async def _as_it_stands(database: Handle, finished: Finished) -> Finished:
    identity = (finished.stream, finished.source, finished.event_id)
    standing = (await retries.standing(database, [identity])).get(identity)
    if standing is None:
        return finished
    record = finished.record
    if not standing.says(record.value, record.headers):
        raise _conflict()
    stands = replace(record, value=standing.value, headers=standing.headers)
    return replace(finished, record=stands, sent_at=standing.appended_at)


def _conflict() -> CasebusError:
    return CasebusError("id_conflict", "choose a new id, or send the body that was sent before")


async def send(gateway: Gateway, finished: Finished) -> Finished:
    """Produce the stored record, unless the brokers are known to have it.

    Its author's earlier submissions in this stream go first: nothing overtakes (design rule 3,
    sequence numbers). Until the journal was read to its end, the relay sends all of them.
    """
    if finished.sent_at is not None:
        return finished
    if not await _is_ours(gateway, finished):
        return finished
    async with gateway.turns.of(finished.source, str(finished.stream)):
        for one in await submissions.unsent_before(await gateway.database(), finished):
            await _produce(gateway, one, is_asked=one.event_id == finished.event_id)
    return finished


async def _is_ours(gateway: Gateway, finished: Finished) -> bool:
    """True if the gateway may send it; the relay sends the others."""
    database = await gateway.database()
    if await gateway.hearing.has_heard(database, finished.stream):
        return True
    await submissions.hand_to_relay(database, finished)
    return False


async def _produce(gateway: Gateway, one: Finished, *, is_asked: bool) -> None:
    """Send and mark it; what no broker takes holds up nobody but those who ask for it."""
    try:
        await gateway.producer.send(one.topic, one.record, message_id=one.event_id)
    except CasebusError as error:
        if error.code != Reason.TOO_LARGE:
            raise
        await submissions.mark_refused(await gateway.database(), one, error.code)
        if is_asked:
            raise
        return
    await gateway.marking(one)


def finish(gateway: Gateway, agency: str, submission: Submission) -> Finished:
    """The record as it will stand on Kafka, after every check that needs no sending."""
    source = _author(gateway, agency, submission)
    if (legal_time := submission.attributes.get("legaltime")) is not None:
        # As it was written: what is signed here is written anew.
        check_entered(legal_time)
    made = _passed_on if submission.signed else _signed
    envelope, record = made(gateway, submission)
    # What is imported keeps the date it has.
    if envelope.importid is None:
        refuse_ahead(envelope.legal, gateway.now())
    _refuse_oversize(record)
    gateway.schemas.check_items(record.value)
    return Finished.of(
        record,
        envelope,
        agency=source.id,
        digest=submission.digest(),
        topic=door_of(source.sector),
    )


def _author(gateway: Gateway, agency: str, submission: Submission) -> Agency:
    claimed = submission.attributes.get("source", "")
    if agency_of(claimed) != agency or agency == BUS:
        raise CasebusError("foreign_source", f"this key speaks for {agency}")
    author = gateway.directory().agency(agency)
    if author is None:
        raise CasebusError(Reason.UNKNOWN_SOURCE, agency)
    return author


def _passed_on(gateway: Gateway, submission: Submission) -> tuple[Envelope, Record]:
    """Signed Avro as it came: readable by its schema, its type the one it claims."""
    schema, data = gateway.schemas.decode(submission.value)
    refuse_state_secrets(data)
    headers = submission.headers()
    envelope = Envelope.from_headers(headers)
    if schema.ce_type != envelope.type or schema.uri != envelope.dataschema:
        raise CasebusError(Reason.TYPE_MISMATCH, f"the body is a {schema.ce_type}")
    return envelope, Record(envelope.subject.encode(), submission.value, headers)


def _signed(gateway: Gateway, submission: Submission) -> tuple[Envelope, Record]:
    """JSON made Avro and signed with the hosted agency's key; the envelope as it was before."""
    schema = gateway.schemas.latest(submission.attributes.get("type", ""))
    envelope = _envelope(gateway, submission, schema)
    value = _encoded(gateway, schema, submission.data or {})
    key = gateway.key_of(envelope.agency)
    if key is None:
        raise CasebusError(Reason.UNSIGNED, "the gateway holds no valid key of this agency")
    (record,) = sign([Draft(envelope, value)], key, gateway.schemas)
    return envelope, record


def _envelope(gateway: Gateway, submission: Submission, schema: Schema) -> Envelope:
    given = submission.attributes
    if given.get("dataschema", schema.uri) != schema.uri:
        raise CasebusError(Reason.UNKNOWN_SCHEMA, f"JSON data is written as {schema.uri}")
    now = gateway.now().isoformat()
    complete = {"time": now, **given, "dataschema": schema.uri}
    return Envelope.from_headers(replace(submission, attributes=complete).headers())


def _encoded(gateway: Gateway, schema: Schema, data: dict[str, Any]) -> bytes:
    try:
        return gateway.schemas.encode(schema.ce_type, data)
    except CodecError as error:
        # The codec's own text quotes the value; the caller is told the places instead.
        raise RefusedError(
            "invalid_data", schema.subject, mismatches_of(schema.tree, data)
        ) from error


def _refuse_oversize(record: Record) -> None:
    """Refuse what admission would refuse, before it is sent."""
    if len(record.value or b"") > MOST_VALUE_BYTES:
        raise CasebusError(Reason.TOO_LARGE, f"a body has at most {MOST_VALUE_BYTES} bytes of Avro")
    # As admission counts: names are ASCII here, and each header counts two bytes for its lengths.
    around = len(record.key or b"") + sum(
        len(name) + len(text) + 2 for name, text in record.headers
    )
    if around > MOST_HEADER_BYTES:
        raise CasebusError(Reason.TOO_LARGE, f"attributes have at most {MOST_HEADER_BYTES} bytes")

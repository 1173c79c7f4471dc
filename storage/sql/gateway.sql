-- name: holders_of_keys
select digest, agency, label from own.api_key
where digest = any($1::bytea[]) and revoked_at is null;

-- name: add_key
insert into own.api_key (digest, agency, label) values ($1, $2, $3)
on conflict (digest) do nothing;

-- name: revoke_keys
update own.api_key set revoked_at = now()
where agency = $1 and label = $2 and revoked_at is null returning digest;

-- name: revoke_all_keys
update own.api_key set revoked_at = now()
where agency = $1 and revoked_at is null returning digest;

-- name: store_submission
insert into own.submission
    (source, event_id, stream, agency, digest, topic, value, headers, sent_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (source, event_id) do nothing;

-- name: stored_submission
select stream, agency, digest, topic, value, headers, sent_at
from own.submission where source = $1 and event_id = $2;

-- name: unsent_before
-- This record, if it is unsent, behind what its source handed in before it in the stream.
select s.source, s.event_id, s.stream, s.agency, s.digest, s.topic, s.value, s.headers, s.sent_at
from own.submission s
join own.submission this on this.source = s.source and this.stream = s.stream
where this.source = $1 and this.event_id = $2 and s.stream = $3 and s.number <= this.number
  and s.sent_at is null and (s.refused is null or s.event_id = $2)
order by s.number;

-- name: mark_refused
update own.submission set refused = $3, tried_at = now()
where source = $1 and event_id = $2 and sent_at is null;

-- name: reserve_action
-- Gives a row where this call holds the place: it was free, or its holder let it expire. Not while
-- the holder's record lies here unsent, or has just left: it will stand in the journal.
insert into own.pending_action as p (work_item, version, digest, source, event_id, expires_at)
values ($1, $2, $3, $4, $5, now() + $6::interval)
on conflict (work_item, version) do update set
    digest = excluded.digest, source = excluded.source, event_id = excluded.event_id,
    expires_at = excluded.expires_at
where p.expires_at < now() and not exists (
    select from own.submission s where s.source = p.source and s.event_id = p.event_id
      and s.refused is null and coalesce(s.sent_at, now()) > now() - $6::interval)
returning event_id;

-- name: pending_action
select digest, source, event_id from own.pending_action where work_item = $1 and version = $2;

-- name: release_action
delete from own.pending_action where work_item = $1 and version = $2 and event_id = $3;

-- name: forget_actions
delete from own.pending_action p where p.expires_at < now() - interval '1 day' and not exists (
    select from own.submission s where s.source = p.source and s.event_id = p.event_id
      and s.refused is null and s.sent_at is null);

-- name: store_at_once
-- Keeps what stands neither here nor in the journal, and says what nothing of its author's in its
-- stream is still to be sent before. Sorted, so that two gateways wait for each other in one order.
insert into own.submission as s
    (source, event_id, stream, agency, digest, topic, value, headers)
select k.source, k.event_id, k.stream, k.agency, k.digest, k.topic, k.value, k.headers
from unnest(
    $1::text[], $2::text[], $3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::bytea[], $8::bytea[])
    as k(source, event_id, stream, agency, digest, topic, value, headers)
where (select true from derived.event e
       where e.stream = k.stream and e.source = k.source and e.id = k.event_id limit 1) is null
order by k.source, k.event_id
on conflict (source, event_id) do nothing
returning s.source, s.event_id, not exists (
    select from own.submission b
    where b.source = s.source and b.stream = s.stream and b.sent_at is null and b.refused is null
      and b.number < s.number) as is_next;

-- name: hand_to_relay
-- With what its author handed in before it in its stream: nothing overtakes.
update own.submission s set left_at = now()
from own.submission this
where this.source = $1 and this.event_id = $2 and s.source = this.source
  and s.stream = this.stream and s.number <= this.number and s.sent_at is null and s.left_at is null;

-- name: mark_sent
update own.submission s set sent_at = now(), refused = null
from unnest($1::text[], $2::text[]) as k(source, event_id)
where s.source = k.source and s.event_id = k.event_id and s.sent_at is null;

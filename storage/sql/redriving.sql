-- name: lock
-- One asks at a time: two must not take the same record.
select pg_advisory_xact_lock(hashtext('casebus.redrive'));

-- name: candidates
select r.partition, r.kafka_offset, r.source, r.event_id, r.stream, r.reason, r.door, r.key,
       sha256(coalesce(r.value, '')) as digest, r.value is not null as has_value, r.headers,
       r.late or exists (
           select from derived.event e where e.source = r.source and e.id = r.event_id
             and e.stream::text = r.stream) as journaled
from own.rejected r
where ($1::text is null or (r.agency = $1 and r.verified))
  and (r.partition, r.kafka_offset) in (select * from unnest($2::integer[], $3::bigint[]))
order by r.rejected_at, r.partition, r.kafka_offset;

-- name: places
-- The first ones that fit: an author's records leave in the order in which they came.
select r.partition, r.kafka_offset
from own.rejected r
where ($1::text is null or (r.agency = $1 and r.verified))
  and ($2::text is null or r.reason = $2)
  and ($3::text is null or r.door = $3)
  and ($4::text is null or r.agency = $4)
  and ($5 or not (r.late or exists (
      select from derived.event e
      where e.source = r.source and e.id = r.event_id and e.stream::text = r.stream)))
order by r.rejected_at, r.partition, r.kafka_offset limit $6;

-- name: tries
-- How often the same bytes were sent again, and whether they are about to be.
select d.record, count(*) filter (where d.sent_at is not null and not d.needless) as sent,
       bool_or(d.sent_at is null and (
           r.agreed or r.agreed is null and r.asked_at > now() - $2::interval)) as waits
from own.redriven d join own.redrive r on r.id = d.redrive
where d.record = any($1::bytea[]) group by d.record;

-- name: ask
insert into own.redrive (asked_by, why, per_minute) values ($1, $2, $3) returning id;

-- name: add
insert into own.redriven (redrive, partition, kafka_offset, record, stream, source, event_id)
select $1, k.* from unnest($2::integer[], $3::bigint[], $4::bytea[], $5::uuid[], $6::text[],
                           $7::text[]) as k;

-- name: undecided
select id, asked_by, per_minute, agreed, asked_at > now() - $2::interval as is_fresh
from own.redrive where id = $1 for update;

-- name: decide
update own.redrive set agreed = $2, decided_by = $3, decided_at = now() where id = $1;

-- name: schedule
-- Behind what waits already, so that several redrives together are no faster than one.
update own.redriven d
set due_at = b.start + (n.place - 1) * make_interval(secs => 60.0 / $2::integer),
    behind = (select max(r.kafka_offset) from own.rejected r
              where r.source = d.source and r.event_id = d.event_id and r.partition = d.partition)
from (select greatest(now(), coalesce(
          max(due_at) + make_interval(secs => 60.0 / $2::integer), now())) as start
      from own.redriven where sent_at is null and due_at is not null and refused is null) b,
     (select number, row_number() over (order by number) as place
      from own.redriven where redrive = $1) n
where d.redrive = $1 and n.number = d.number;

-- name: redrives
-- `agency`: who asks for those that it asked for; null for operators.
select r.id, r.asked_by, r.asked_at, r.why, r.per_minute, r.agreed, r.decided_by, r.decided_at,
       r.asked_at > now() - $2::interval as is_fresh,
       (select count(*) from own.redriven d where d.redrive = r.id) as records,
       (select count(*) from own.redriven d where d.redrive = r.id and d.sent_at is not null)
           as done
from own.redrive r
where ($1::text is null or r.asked_by = $1) and ($3::bigint is null or r.id = $3)
order by r.id desc limit $4;

-- name: redriven
-- What came of each. The next rejection lies behind those there were; another's record under the
-- same identity says nothing of it.
select d.partition, d.kafka_offset, d.stream as subject, d.source, d.event_id, d.due_at, d.sent_at,
       d.needless, d.refused, r.reason,
       exists (select from derived.event e where e.stream = d.stream and e.source = d.source
                 and e.id = d.event_id) as journaled,
       (select again.reason from own.rejected again
        where again.source = d.source and again.event_id = d.event_id
          and again.partition = d.partition
          and again.kafka_offset > coalesce(d.behind, d.kafka_offset)
          and (again.verified or again.value = r.value)
        order by again.kafka_offset desc limit 1) as rejected_again
from own.redriven d
join own.rejected r on r.partition = d.partition and r.kafka_offset = d.kafka_offset
where d.redrive = $1 order by d.number;

-- name: of_record
select d.redrive, r.asked_by, r.decided_by, d.sent_at, d.needless
from own.redriven d join own.redrive r on r.id = d.redrive
where d.record = $1 order by d.number;

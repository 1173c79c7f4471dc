-- name: due_clocks
-- A warning that comes after the due moment would warn of nothing. What casework held back is due
-- at once. Rows of before fold version 4 whose due date the notice of holidays may still move do not
-- say when it is certain: nothing is told of them until they are derived anew.
select d.stream, d.key, d.kind, d.at
from (
    select stream, key, 'breached' as kind, breach_after as at, (view ->> 'revision')::int as revision
    from derived.clock where status = 'running' and not historic and breach_after <= $1
      and (view ? 'certain' or not view @> '{"provisional": true}')
    union all
    select stream, key, 'lapsed', lapse_after, (view ->> 'revision')::int
    from derived.clock where status = 'running' and not historic and lapse_after <= $1
      and (view ? 'certain' or not view @> '{"provisional": true}')
    union all
    select stream, key, 'warned', warn_after, 0
    from derived.clock where warn_after <= $1 and due > $1
    union all
    select c.stream, c.key, h.kind, coalesce(c.breach_after, c.lapse_after),
           (c.view ->> 'revision')::int
    from own.clock_held h join derived.clock c on c.stream = h.stream and c.key = h.key
    where coalesce(c.breach_after, c.lapse_after) is not null
) d
where not exists (
    select from own.clock_said s
    where s.stream = d.stream and s.key = d.key and s.kind = d.kind and s.revision = d.revision
)
-- Such streams wait, and hold no other up.
and not exists (select from own.on_its_way w where w.stream = d.stream and w.sent_at is null)
order by d.at, d.stream, d.key, d.kind limit $2;

-- name: next_due
select least(
    (select min(breach_after) from derived.clock
     where status = 'running' and not historic and breach_after > $1),
    (select min(lapse_after) from derived.clock
     where status = 'running' and not historic and lapse_after > $1),
    (select min(warn_after) from derived.clock where warn_after > $1)
);

-- name: lock_case
select stream from derived.case_state where stream = $1 for update;

-- name: awaited
-- Sent since the barrier began is not behind it.
select exists (
    select from own.on_its_way w
    where w.stream = $1 and (w.sent_at is null or w.sent_at >= $2)
);

-- name: tellable_clock
select c.view from derived.clock c
where c.stream = $1 and c.key = $2 and not c.historic
  and (c.status = 'running' or exists (
      select from own.clock_held h where h.stream = c.stream and h.key = c.key and h.kind = $3))
  and $4 = case $3
      when 'breached' then breach_after when 'lapsed' then lapse_after else warn_after
  end;

-- name: due_findings
select f.stream, f.key, 'found' as kind, f.tell_after as at
from derived.finding f
where f.tell_after <= $1
  and not exists (
      select from own.clock_said s
      where s.stream = f.stream and s.key = f.key and s.kind = 'found'
        and s.revision = (f.view ->> 'revision')::int)
  -- What heals it may lie here.
  and not exists (select from own.on_its_way w where w.stream = f.stream and w.sent_at is null)
order by f.tell_after, f.stream, f.key limit $2;

-- name: tellable_finding
-- A stranger is told of its event, and nothing of the case (ADR 40); of a secret case nobody is told
-- its numbers (ADR 43).
select f.view, case when coalesce(c.view -> 'secrecy', '[]') = '[]' and exists (
           select from derived.party p where p.stream = f.stream
             and p.agency = split_part(f.view -> 'event' ->> 'source', '/', 1))
       then c.view -> 'numbers' else '[]' end as numbers
from derived.finding f join derived.case_state c on c.stream = f.stream
where f.stream = $1 and f.key = $2 and f.tell_after = $3;

-- name: note_said
insert into own.clock_said (stream, key, kind, revision, event_id) values ($1, $2, $3, $4, $5)
on conflict do nothing;

-- name: journal_offsets
select partition, next_offset from derived.journal_position
where epoch = (select epoch from own.installation) and partition = any($1::int[]);

-- name: reading_places
select p.epoch, p.partition, coalesce(q.next_index, 0) as first,
       least(p.next_index, coalesce(q.next_index, 0) + $2::int) as until
from derived.journal_position p
left join own.question_position q
    on q.question = $1 and q.epoch = p.epoch and q.partition = p.partition
where p.epoch = (select epoch from own.installation)
  and coalesce(q.next_index, 0) < p.next_index
order by p.partition;

-- name: note_reading
insert into own.question_position (question, epoch, partition, next_index)
values ($1, $2, $3, $4)
on conflict (question, epoch, partition) do update set next_index = excluded.next_index;

-- name: reused_ids
-- Each id of the stretch once: a system that gives all its events one id must not multiply them.
select other.source, other.id, other.stream
from (
    select seen.source, seen.id, (
        select first.stream from derived.event first
        where first.source = seen.source and first.id = seen.id
        order by first.recorded_at, first.stream limit 1
    ) as stream
    from (
        select distinct j.source, j.event_id as id from derived.journal j
        where j.epoch = $1 and j.partition = $2 and j.log_index >= $3 and j.log_index < $4
    ) seen
) first
join derived.event other
    on other.source = first.source and other.id = first.id and other.stream <> first.stream
where not exists (
    select from own.asked_finding f
    where f.stream = other.stream and f.kind = 'id_reused'
      and f.source = other.source and f.id = other.id
);

-- name: unopened
select c.stream, array_agg(distinct e.author order by e.author) as authors
from derived.case_state c
join derived.event e on e.stream = c.stream and e.sector <> 'bus'
    and e.type not like 'casebus.intake.%'
where c.status = 'unopened'
  and not exists (
      select from own.asked_finding f where f.stream = c.stream and f.kind = 'unopened'
  )
  -- What opens it may lie here.
  and not exists (select from own.on_its_way w where w.stream = c.stream and w.sent_at is null)
group by c.stream having min(e.recorded_at) <= $1
order by c.stream limit $2;

-- name: opened_since
select f.stream, f.event_id, b.headers
from own.asked_finding f
join derived.case_state c on c.stream = f.stream
    and c.status not in ('unopened', 'fold_suspended')
cross join lateral (
    select o.headers from own.outbox o where o.aggregateid = f.stream and o.event_id = f.event_id
    union all
    select j.headers from derived.event e
    join derived.journal j
        on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
    where e.stream = f.stream and e.source = 'bus/scheduler' and e.id = f.event_id
    limit 1
) b
where f.kind = 'unopened' and not f.withdrawn
order by f.stream limit $1;

-- name: not_sent
-- An agency's records that no broker takes, and of which it has not been told.
select u.stream, u.source, u.event_id, u.refused
from (
    select stream, source, event_id, refused from own.submission
    where sent_at is null and refused is not null
    union all
    select aggregateid, source, event_id, refused from own.outbox
    where sent_at is null and refused is not null and aggregatetype = 'event'
) u
where u.source <> 'bus' and u.source not like 'bus/%'
  and not exists (
      select from own.asked_finding f
      where f.stream = u.stream and f.kind = 'not_sent'
        and f.source = u.source and f.id = u.event_id
  )
order by u.stream, u.source, u.event_id limit $1;

-- name: sent_after_all
select f.stream, f.source, f.id, f.event_id, b.headers
from own.asked_finding f
cross join lateral (
    select o.headers from own.outbox o where o.aggregateid = f.stream and o.event_id = f.event_id
    union all
    select j.headers from derived.event e
    join derived.journal j
        on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
    where e.stream = f.stream and e.source = 'bus/scheduler' and e.id = f.event_id
    limit 1
) b
where f.kind = 'not_sent' and not f.withdrawn
  and not exists (
      select from own.submission s
      where s.source = f.source and s.event_id = f.id and s.sent_at is null)
  and not exists (
      select from own.outbox o where o.aggregateid = f.stream
        and o.source = f.source and o.event_id = f.id and o.sent_at is null)
order by f.stream limit $1;

-- name: note_finding
insert into own.asked_finding (stream, kind, source, id, event_id) values ($1, $2, $3, $4, $5)
on conflict (stream, kind, source, id) do nothing;

-- name: note_withdrawal
update own.asked_finding set withdrawn = true
where stream = $1 and kind = $2 and source = $3 and id = $4;

-- name: directory_copied
select next_offset from own.directory_copy;

-- name: note_directory_copy
update own.directory_copy set next_offset = $1;

-- name: beat
insert into own.heartbeat (service, at, detail) values ($1, now(), $2)
on conflict (service) do update set at = excluded.at, detail = excluded.detail;

-- name: last_beat
select detail from own.heartbeat where service = $1;

-- name: note_places
-- A partition that is gone, or holds nothing any more, goes.
with said as (
    select * from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[],
                         $6::float8[], $7::float8[])
        as s(service, topic, partition, done, ends, rate, oldest)
), gone as (
    delete from own.place p
    where not exists (
        select from said s
        where (s.service, s.topic, s.partition) = (p.service, p.topic, p.partition))
)
insert into own.place (service, topic, partition, done, ends, rate, waits_since)
select service, topic, partition, done, ends, rate,
       case when oldest > 0 or ends > done then now() - make_interval(secs => oldest) end
from said
on conflict (service, topic, partition) do update
set done = excluded.done, ends = excluded.ends, rate = excluded.rate,
    waits_since = case when excluded.waits_since is null then null
        when excluded.done = place.done then coalesce(place.waits_since, excluded.waits_since)
        else excluded.waits_since end,
    at = now()
where (place.done, place.ends, place.rate, place.waits_since is null)
    is distinct from (excluded.done, excluded.ends, excluded.rate, excluded.waits_since is null);

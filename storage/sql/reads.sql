-- name: case
select s.stream, s.procedure, s.status, s.opener, s.version, s.digest, s.law, s.suspended,
       s.opened_at, s.updated_at, s.view
from derived.case_state s
where s.stream = $2 and derived.has_part($1, $2);

-- name: whole_case
-- The case, what agencies call its matter and its clocks: one look for what is asked most often.
select s.stream, s.procedure, s.status, s.opener, s.version, s.digest, s.law, s.suspended,
       s.opened_at, s.updated_at, s.view,
       (select jsonb_agg(jsonb_build_object(
            'agency', t.agency, 'recipients', t.recipients, 'title', t.title) order by t.place)
        from derived.title t where t.stream = s.stream and t.agency is not null) as titles,
       (select jsonb_agg(jsonb_build_object(
            'key', c.key, 'status', c.status, 'breach_after', c.breach_after,
            'lapse_after', c.lapse_after, 'view', c.view) order by c.due nulls last, c.key)
        from derived.clock c
        where c.stream = s.stream and derived.may_know($1, s.view)) as clocks
from derived.case_state s
where s.stream = $2 and ($1 = 'admin' or exists (
    select from derived.party p where p.agency = $1 and p.stream = $2));

-- name: titles
-- What agencies call its matter.
select t.stream, t.agency, t.recipients, t.title from derived.title t
where t.stream = any($1::uuid[]) and t.agency is not null order by t.stream, t.place;

-- name: has_written
select exists (
    select from derived.event e
    where e.stream = $2 and e.author = $1 and e.type not like 'casebus.intake.%');

-- name: numbers
-- Of a secret case who holds no role in it finds the numbers that it gave itself; so does, of any
-- case, who sees no figures ($3).
select n.value, n.kind, n.agency, n.stream, s.procedure,
       case when k.knows or s.procedure is null then s.status else 'restricted' end as status
from derived.number n
left join derived.case_state s on s.stream = n.stream
cross join lateral (select derived.may_know($1, s.view) as knows) k
where n.value = any($2::text[]) and derived.has_part($1, n.stream)
  and (n.agency = $1 or k.knows and ($3::boolean or s.team @> array[$1]))
order by n.stream, n.kind, n.agency;

-- name: knowable
-- Which of the streams are cases of which the agency may know that another case is linked with them.
select s.stream from derived.case_state s
where s.stream = any($2::uuid[]) and derived.may_know($1, s.view);

-- name: history
-- Of what no procedure opened each sees what it wrote or was sent: there is no fold to say more. An
-- operator sees that it is there.
select e.source, e.id, e.type, e.author, e.sector, e.recipients, e.legal_at, e.recorded_at,
       e.epoch, e.partition, e.log_index
from derived.event e
where e.stream = $2
  and (e.author = $1
       or derived.has_part($1, $2) and (
           e.recipients @> array[$1]
           or $1 = 'admin'
           or exists (select from derived.case_state s
                      where s.stream = $2 and s.procedure is not null)))
order by e.legal_at, e.source, e.id;

-- name: bodies
select j.epoch, j.partition, j.log_index, j.value, j.headers, j.stream, j.source, j.event_id as id
from derived.journal j
join unnest($1::integer[], $2::integer[], $3::bigint[]) as k(epoch, partition, log_index)
    on j.epoch = k.epoch and j.partition = k.partition and j.log_index = k.log_index;

-- name: recalled
-- A recall itself is not taken back.
select h.stream, h.source, h.id, h.agency, r.recorded_at, r.source as by_source, r.id as by_id,
       h.epoch, h.partition, h.log_index, h.at
from derived.hand_over h
join derived.event e on e.stream = h.stream and e.source = h.source and e.id = h.id
    and e.author = h.agency and e.type not like 'casebus.case.recalled.%'
join derived.event r on r.stream = h.stream
    and r.epoch = h.epoch and r.partition = h.partition and r.log_index = h.log_index
where h.step = 'recalled' and h.stream = any($1::uuid[]);

-- name: standing
select s.stream, s.view -> 'numbers' as numbers,
       (select jsonb_object_agg(c.key, c.view -> 'cause') from derived.clock c
        where c.stream = s.stream) as causes,
       (select jsonb_object_agg(f.key, f.view -> 'detail') from derived.finding f
        where f.stream = s.stream) as details
from derived.case_state s where s.stream = any($1::uuid[]);

-- name: clocks
select c.key, c.clock, c.status, c.historic, c.due, c.breach_after, c.lapse_after, c.view
from derived.clock c
join derived.case_state s on s.stream = c.stream
where c.stream = $2 and derived.has_part($1, $2) and derived.may_know($1, s.view)
order by c.due nulls last, c.key;

-- name: findings
select f.key, f.kind, f.view
from derived.finding f
where f.stream = $2
  and (split_part(f.view -> 'event' ->> 'source', '/', 1) = $1
       or derived.has_part($1, $2) and derived.may_know(
           $1, (select s.view from derived.case_state s where s.stream = $2)))
order by f.kind, f.key;

-- name: repeated_numbers
-- As the fold found them: an index has these findings alone.
select e.source, e.stream, e.sequence, e.id, e.recorded_at,
       coalesce((f.view -> 'detail' ->> 'times')::int, 1) as times
from derived.finding f
join derived.event e on e.stream = f.stream
    and e.source = f.view -> 'event' ->> 'source' and e.id = f.view -> 'event' ->> 'id'
where f.view -> 'detail' ->> 'reason' = 'sequence_used_twice'
  and split_part(f.view -> 'event' ->> 'source', '/', 1) = $1
order by e.recorded_at, e.stream, e.sequence limit $2;

-- name: titled
-- Of each stream the first event of a type that has a title.
select distinct on (e.stream) e.stream, e.source, e.id, e.type, e.author, e.recipients,
       e.epoch, e.partition, e.log_index
from derived.event e
where e.stream = any($1::uuid[]) and e.type = any($2::text[])
order by e.stream, e.legal_at, e.source, e.id;

-- name: inbox
-- Each partition is read on from where the caller left it, so that nothing recorded late in one
-- of them is passed over; `at` is made to grow within a partition, whatever a clock did.
-- What an agency says of itself counts only of what the journal's stamps sent it (ADR 40).
select * from (
    select d.stream, d.source, d.id, d.unit, d.epoch, d.partition, d.log_index, d.at,
           max(d.at) over (partition by d.epoch, d.partition order by d.log_index) as sorted_at,
           d.type, d.author, d.legal_at, d.recorded_at, r.at as retrieved_at
    from derived.journal_position p
    left join unnest($2::integer[], $3::integer[], $4::bigint[])
        as seen(epoch, partition, log_index)
        on seen.epoch = p.epoch and seen.partition = p.partition
    cross join lateral (
        select h.*, e.type, e.author, e.legal_at, e.recorded_at from derived.hand_over h
        join derived.event e on e.stream = h.stream and e.source = h.source and e.id = h.id
            and e.recipients @> array[h.agency]
        where h.agency = $1 and h.step = 'delivered' and h.epoch = p.epoch
          and h.partition = p.partition and h.log_index > coalesce(seen.log_index, -1)
        order by h.log_index limit $5
    ) d
    left join derived.hand_over r on r.stream = d.stream and r.source = d.source and r.id = d.id
        and r.agency = d.agency and r.step = 'retrieved'
) delivered
order by sorted_at, epoch, partition, log_index
limit $5;

-- name: inbox_item
select d.stream, d.source, d.id, d.unit, d.epoch, d.partition, d.log_index, d.at,
       e.type, e.author, e.recipients, e.legal_at, e.recorded_at, e.epoch as event_epoch,
       e.partition as event_partition, e.log_index as event_index,
       r.at as retrieved_at, p.next_offset - p.next_index as shift
from derived.hand_over d
join derived.event e on e.stream = d.stream and e.source = d.source and e.id = d.id
    and e.recipients @> array[d.agency]
join derived.journal_position p on p.epoch = e.epoch and p.partition = e.partition
left join derived.hand_over r on r.stream = d.stream and r.source = d.source and r.id = d.id
    and r.agency = d.agency and r.step = 'retrieved'
where d.agency = $1 and d.step = 'delivered' and d.source = $2 and d.id = $3
order by d.at limit 1;

-- name: unverified
-- What others may have written under the agency's name: nothing of it but what we counted. Of the
-- last ten thousand, so that a flood costs its victim nothing.
select door, reason, count(*) as count, min(rejected_at) as first_at, max(rejected_at) as last_at,
       (array_agg(encode(leaf, 'hex') order by rejected_at desc)
        filter (where leaf is not null))[1:20] as leaves
from (
    select r.door, r.reason, r.rejected_at, r.leaf from own.rejected r
    where r.agency = $1 and not r.verified and not r.late
    order by r.rejected_at desc limit 10000
) latest
group by door, reason order by last_at desc, door, reason;

-- name: event
select e.stream, e.source, e.id, e.type, e.author, e.recipients, e.recorded_at,
       e.epoch, e.partition, e.log_index, j.appended_at, j.headers,
       p.next_offset - p.next_index as shift
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
join derived.journal_position p on p.epoch = e.epoch and p.partition = e.partition
where e.source = $2 and e.id = $3
  and (e.author = $1
       or derived.has_part($1, e.stream) and (
           e.recipients @> array[$1]
           or derived.may_know(
               $1, (select s.view from derived.case_state s where s.stream = e.stream))))
order by j.appended_at limit 1;

-- name: submission
select s.stream, s.source, s.event_id, s.created_at, s.sent_at, s.refused, s.value, s.headers
from own.submission s
where s.agency = $1 and s.source = $2 and s.event_id = $3;

-- name: rejected_submission
-- The very record, by its value and its signature, or one that the agency's key has signed: anybody
-- may send other bytes under the same identity.
select r.reason, r.detail, r.rejected_at
from own.rejected r
where r.source = $1 and r.event_id = $2 and not r.late
  and (r.verified or (r.value = $3 and position($4::bytea in r.headers) > 0))
order by r.rejected_at limit 1;

-- name: rejected_event
select r.stream as subject, r.source, r.event_id, r.reason, r.detail, r.rejected_at
from own.rejected r
where r.agency = $1 and r.source = $2 and r.event_id = $3 and r.verified and not r.late
order by r.rejected_at desc limit 1;

-- name: relayed
-- Under an earlier epoch too, where the record stood at the same place then.
select c.said_epoch as epoch, c.said_partition as partition, c.said_index as log_index, c.at
from derived.checkpoint c
where c.partition = $2 and $3 between c.first_offset and c.last_offset
  and (c.epoch = $1 or c.epoch < $1 and $3 < (
      select min(e.carried) from own.journal_epoch e
      where e.partition = $2 and e.epoch > c.epoch and e.epoch <= $1))
order by c.at limit 1;

-- name: hand_overs
select h.agency, h.step, h.unit, h.epoch, h.partition, h.log_index, h.at
from derived.hand_over h
join derived.event e on e.stream = h.stream and e.source = h.source and e.id = h.id
    and e.recipients @> array[h.agency]
where h.stream = $1 and h.source = $2 and h.id = $3
order by h.at, h.agency;

-- name: figures
select
    (select count(*) from own.pending_action where expires_at > now()) as actions_pending,
    (select count(*) from derived.clock
     where status = 'running' and not historic and breach_after < now()) as clocks_unconfirmed,
    (select count(*) from derived.case_state where suspended is not null) as cases_suspended;

-- name: heartbeats
select service, at, detail, extract(epoch from now() - at)::float8 as seconds
from own.heartbeat order by service;

-- name: migrations
select name from public.casebus_migration order by name;

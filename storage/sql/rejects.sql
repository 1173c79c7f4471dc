-- name: listed
-- `agency`: who asks for its own, which is what its key signed; null for operators, who see all.
select r.partition, r.kafka_offset, r.rejected_at, r.door, r.reason, r.detail, r.agency, r.source,
       r.event_id, r.stream as subject, r.verified, r.late, encode(r.leaf, 'hex') as leaf,
       length(r.value) as bytes, j.stands as journaled
from own.rejected r
cross join lateral (select r.late or exists (
    select from derived.event e
    where e.source = r.source and e.id = r.event_id and e.stream::text = r.stream) as stands) j
where ($1::text is null or (r.agency = $1 and r.verified))
  and ($2::text is null or r.reason = $2)
  and ($3::text is null or r.door = $3)
  and ($4::text is null or r.agency = $4)
  and ($5 or not j.stands)
  and ($6::timestamptz is null
       or (r.rejected_at, r.partition, r.kafka_offset) < ($6, $7::integer, $8::bigint))
order by r.rejected_at desc, r.partition desc, r.kafka_offset desc
limit $9;

-- name: grouped
-- Of the last ten thousand, so that a flood costs nobody more.
select reason, door, count(*) as count, min(rejected_at) as first_at, max(rejected_at) as last_at,
       count(*) filter (where verified) as signed,
       (array_agg(distinct agency) filter (where agency is not null))[1:5] as agencies
from (
    select r.* from own.rejected r
    where ($1::text is null or (r.agency = $1 and r.verified))
      and ($2::text is null or r.reason = $2)
      and ($3::text is null or r.door = $3)
      and ($4::text is null or r.agency = $4)
    order by r.rejected_at desc limit 10000
) r
where $5 or not (r.late or exists (
    select from derived.event e
    where e.source = r.source and e.id = r.event_id and e.stream::text = r.stream))
group by reason, door order by count(*) desc, reason, door;

-- name: one
select r.*, sha256(coalesce(r.value, '')) as digest, exists (
    select from derived.event e
    where e.source = r.source and e.id = r.event_id and e.stream::text = r.stream) as journaled
from own.rejected r
where r.partition = $1 and r.kafka_offset = $2
  and ($3::text is null or (r.agency = $3 and r.verified));

-- name: by_event
-- Where somebody asks by the event's id: its last rejection.
select r.partition, r.kafka_offset from own.rejected r
where r.event_id = $1 and ($2::text is null or (r.agency = $2 and r.verified))
order by r.rejected_at desc, r.partition desc, r.kafka_offset desc limit 1;

-- name: figures
select (select count(*) from (
            select from own.rejected r
            where r.rejected_at > now() - $1::interval and not r.late and not exists (
                select from derived.event e
                where e.source = r.source and e.id = r.event_id and e.stream::text = r.stream)
            limit 10000) as recent) as rejected,
       (select count(*) from own.redrive
        where agreed is null and asked_at > now() - $2::interval) as undecided,
       (select count(*) from derived.case_state where suspended is not null) as suspended;

-- name: suspended
-- `agency`: who has part in the case; null for operators.
select s.stream, s.suspended as error, s.updated_at, s.opener,
       (select array_agg(distinct p.agency) from derived.party p where p.stream = s.stream)
           as agencies
from derived.case_state s
where s.suspended is not null
  and ($1::text is null or exists (
      select from derived.party p where p.stream = s.stream and p.agency = $1))
order by s.updated_at, s.stream limit $2;

-- name: left_out
-- Authors whose room in a case is used up: what else they send there is kept, and not folded.
select o.stream, split_part(o.source, '/', 1) as author, count(*) as events,
       min(o.id) filter (where o.told) as first_id
from derived.left_out o
where $1::text is null or split_part(o.source, '/', 1) = $1
group by o.stream, author order by o.stream, author limit $2;

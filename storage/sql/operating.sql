-- name: places
select service, topic, partition, done, ends, rate, waits_since,
       coalesce(extract(epoch from now() - waits_since), 0)::float8 as oldest
from own.place order by service, topic, partition;

-- name: flow
-- Who sent how many events to whom. A case of which an operator sees only that it is there is not
-- told of: who sent whom an event in it would be.
select e.author, r.agency as recipient, count(*)::integer as events, max(e.recorded_at) as last_at
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
join derived.case_state s on s.stream = e.stream and not s.closed
cross join lateral unnest(e.recipients) r(agency)
where r.agency <> e.author
group by e.author, r.agency
order by events desc, e.author, r.agency;

-- name: left_out
select count(*)::integer
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
join derived.case_state s on s.stream = e.stream and s.closed
-- What is no case at all, as a checkpoint, is nobody's to miss.
where s.status <> 'none';

-- name: last_sent
-- The last events of each agency, with what their own clocks said.
select a.agency, e.recorded_at, j.headers
from unnest($1::text[]) a(agency)
cross join lateral (
    select * from derived.event e where e.author = a.agency
    order by e.recorded_at desc limit $2) e
join derived.journal j
    on (j.epoch, j.partition, j.log_index) = (e.epoch, e.partition, e.log_index)
order by a.agency, e.recorded_at desc;

-- name: last_read
-- When each agency asked the gateway last, and confirmed last that it has an event.
select a.agency, asked.at as asked_at, retrieved.at as retrieved_at
from unnest($1::text[]) a(agency)
left join lateral (
    select at from own.access x where x.agency = a.agency order by at desc limit 1) asked on true
left join lateral (
    select max(h.at) as at
    from derived.journal_position p
    cross join lateral (
        select at from derived.hand_over h
        where h.agency = a.agency and h.step = 'retrieved'
          and (h.epoch, h.partition) = (p.epoch, p.partition)
        order by h.log_index desc limit 1) h) retrieved on true
order by a.agency;

-- name: unread
-- Of what was sent to each agency lately: how much it has not opened, or confirmed.
select r.agency, count(*)::integer as sent,
       (count(*) filter (where h.at is null))::integer as unread,
       min(e.recorded_at) filter (where h.at is null) as oldest_at
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
cross join lateral unnest(e.recipients) r(agency)
left join derived.hand_over h
    on (h.stream, h.source, h.id, h.agency, h.step)
     = (e.stream, e.source, e.id, r.agency, 'retrieved')
where r.agency <> e.author
group by r.agency order by r.agency;

-- name: gaps
select split_part(f.view -> 'event' ->> 'source', '/', 1) as agency, count(*)::integer as gaps
from derived.finding f where f.kind = 'gap'
group by 1 order by 1;

-- name: stream_of
-- The case of an event whose id alone is said: of the authors there are.
select e.stream, e.source
from unnest($1::text[]) a(source)
join derived.event e on e.source = a.source and e.id = $2
order by e.recorded_at limit 1;

-- name: handed_in
-- The case of an event that was handed in here, and may not be recorded yet.
select s.stream, s.source from unnest($1::text[]) a(source)
join own.submission s on s.source = a.source and s.event_id = $2
limit 1;

-- name: standing
select s.stream, s.procedure, s.status, s.closed, s.suspended, s.updated_at
from derived.case_state s where s.stream = $1;

-- name: steps
-- The last events of a case: where each stands, and when it came there.
select e.source, e.id, e.type, e.author, e.recipients, e.recorded_at, e.epoch, e.partition,
       e.log_index, j.appended_at, e.log_index + p.next_offset - p.next_index as kafka_offset,
       coalesce(s.created_at, o.created_at) as stored_at, coalesce(s.sent_at, o.sent_at) as sent_at,
       c.at as routed_at
from derived.event e
join derived.journal j
    on (j.epoch, j.partition, j.log_index) = (e.epoch, e.partition, e.log_index)
join derived.journal_position p on (p.epoch, p.partition) = (e.epoch, e.partition)
left join own.submission s on (s.source, s.event_id) = (e.source, e.id) and s.stream = e.stream
left join own.outbox o
    on (o.aggregateid, o.source, o.event_id) = (e.stream, e.source, e.id)
left join lateral (
    select c.at from derived.checkpoint c
    where c.partition = e.partition
      and e.log_index + p.next_offset - p.next_index between c.first_offset and c.last_offset
      and (c.epoch = e.epoch or c.epoch < e.epoch
           and e.log_index + p.next_offset - p.next_index < (
              select min(k.carried) from own.journal_epoch k
              where k.partition = e.partition and k.epoch > c.epoch and k.epoch <= e.epoch))
    order by c.at limit 1) c on true
where e.stream = $1 and ($2::text is null or e.id = $2)
order by e.recorded_at desc, e.log_index desc limit $3;

-- name: came
-- Which recipient had each event brought to it, and which has opened it, or confirmed it.
select h.source, h.id, h.agency, h.step, min(h.at) as at
from derived.hand_over h
join derived.event e on (e.stream, e.source, e.id) = (h.stream, h.source, h.id)
    and e.recipients @> array[h.agency]
where h.stream = $1 and h.step in ('delivered', 'retrieved')
group by h.source, h.id, h.agency, h.step;

-- name: order_of
select one ->> 'source' as source, one ->> 'id' as id
from derived.case_state s, jsonb_array_elements(coalesce(s.view -> 'order', '[]')) one
where s.stream = $1;

-- name: owed
select w.agency, w.duty, w.view ->> 'title' as title, w.due
from derived.work_item w where w.stream = $1 and w.is_open
order by w.due nulls last, w.agency;

-- name: unsent
-- What is stored signed for a case and is not with the brokers.
select 'submission' as shelf, topic, source, event_id, created_at, refused
from own.submission where stream = $1 and sent_at is null
union all
select 'outbox', topic, source, event_id, created_at, refused
from own.outbox where aggregateid = $1 and sent_at is null
union all
select 'redriven', r.door, v.source, v.event_id, v.due_at, v.refused
from own.redriven v
join own.rejected r on (r.partition, r.kafka_offset) = (v.partition, v.kafka_offset)
where v.stream = $1 and v.sent_at is null and v.due_at is not null
order by created_at;

-- name: refusals
-- What was rejected in the name of a case and does not stand in the journal.
select r.partition, r.kafka_offset, r.door, r.source, r.event_id, r.reason, r.rejected_at
from own.rejected r
where r.stream = $1 and not r.late and ($2::text is null or r.event_id = $2)
  and not exists (select from derived.event e
                  where (e.source, e.id) = (r.source, r.event_id) and e.stream::text = r.stream)
order by r.rejected_at desc limit $3;

-- name: refused_stream
select r.stream, r.source from own.rejected r
where r.source = any($1::text[]) and r.event_id = $2 order by r.rejected_at desc limit 1;

-- name: positions
select partition, next_index, next_offset, frontier from derived.journal_position
where epoch = $1 order by partition;

-- name: snapshot
select pg_export_snapshot();

-- name: journal_rows
select stream::text, source, event_id, event_leaf, log_leaf, value, headers, appended_at, log_index
from derived.journal
where epoch = $1 and partition = $2 and log_index >= $3 and log_index < $4
order by log_index;

-- name: beyond_fence
-- Rows that no batch of casework's can have written.
select j.epoch, j.partition, j.log_index from derived.journal j
left join derived.journal_position p on p.epoch = j.epoch and p.partition = j.partition
where p.epoch is null or j.log_index >= p.next_index or j.log_index < 0
order by 1, 2, 3;

-- name: outbox_altered
-- What the bus stored signed, beside what the journal holds under the same identity.
select o.source, o.event_id, array_remove(array[
    case when o.value is distinct from j.value then 'value' end,
    case when substr(j.headers, 1, length(o.headers)) <> o.headers then 'headers' end,
    case when o.type <> e.type then 'type' end,
    case when o.topic <> 'events.' || e.sector then 'topic' end], null) as columns
from own.outbox o
join derived.event e on e.stream = o.aggregateid and e.source = o.source and e.id = o.event_id
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where o.aggregatetype = 'event' and (
    o.value is distinct from j.value or substr(j.headers, 1, length(o.headers)) <> o.headers
    or o.type <> e.type or o.topic <> 'events.' || e.sector)
order by o.id;

-- name: submission_altered
select s.source, s.event_id, array_remove(array[
    case when s.value <> j.value then 'value' end,
    case when substr(j.headers, 1, length(s.headers)) <> s.headers then 'headers' end,
    case when s.agency <> e.author then 'agency' end,
    case when s.topic <> 'events.' || e.sector then 'topic' end], null) as columns
from own.submission s
join derived.event e on e.stream = s.stream and e.source = s.source and e.id = s.event_id
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where s.value <> j.value or substr(j.headers, 1, length(s.headers)) <> s.headers
    or s.agency <> e.author or s.topic <> 'events.' || e.sector
order by s.number;

-- name: sent_but_not_journaled
select 'outbox' as shelf, o.source, o.event_id from own.outbox o
where o.aggregatetype = 'event' and o.sent_at < $1 and not exists (
    select from derived.event e
    where e.stream = o.aggregateid and e.source = o.source and e.id = o.event_id)
union all
select 'submission', s.source, s.event_id from own.submission s
where s.sent_at < $1 and not exists (
    select from derived.event e
    where e.stream = s.stream and e.source = s.source and e.id = s.event_id)
and not exists (
    select from own.rejected r where r.source = s.source and r.event_id = s.event_id
      and (r.verified or r.value = s.value));

-- name: submission_said_twice
-- What the gateway signed, and the journal holds otherwise too.
select s.source, s.event_id, c.partition, c.log_index from own.submission s
join derived.event_copy c on c.stream = s.stream and c.source = s.source and c.id = s.event_id
where not c.same order by s.number;

-- name: outbox_unknown
select source, event_id from own.outbox
where aggregatetype not in ('event', 'rejected') or sent_at < created_at;

-- name: returns
-- What goes back to a sender on Kafka, beside what the row of the rejected says of it.
select o.topic, o.source, o.event_id, o.value, o.headers, o.sent_at, o.aggregateid, o.type,
       r.value as was_value, r.headers as was_headers, r.source as was_source,
       'rejected' as was_type, 'agency.' || r.agency || '.rejected' as was_topic
from own.outbox o
left join own.rejected r on o.event_id = 'rejected/' || r.partition || '/' || r.kafka_offset
where o.aggregatetype = 'rejected' order by o.id;

-- name: said_and_not_stored
-- What the bus said by an outbox that does not hold it; the router, the copier and commands use none.
select e.source, e.id as event_id from derived.event e
where (e.type = 'casebus.intake.received.v1' or (
        e.sector = 'bus' and e.source <> 'bus/router'
        and split_part(e.type, '.', 2) not in ('directory', 'law')))
  and not exists (
    select from own.outbox o
    where o.aggregateid = e.stream and o.source = e.source and o.event_id = e.id)
order by e.partition, e.log_index;

-- name: rejected_positions
select partition, next_offset, passed from own.rejected_position;

-- name: rejected_rows
select partition, kafka_offset, agency, source, event_id, stream, reason, detail, late, key, value,
       headers, rejected_at, verified, door, leaf
from own.rejected where partition = $1 and kafka_offset >= $2 and kafka_offset < $3
order by kafka_offset;

-- name: rejected_edges
select partition, min(kafka_offset) as first, max(kafka_offset) as last, count(*) as number
from own.rejected group by partition;

-- name: journaled_leaf
select exists (
    select from derived.event e
    where e.source = $1 and e.id = $2 and e.stream::text = $3 and e.event_leaf = $4);

-- name: bundles
select digest, body from own.law_bundle order by digest;

-- name: bundle_needed
-- Laws by which something is derived, or that were adopted.
select distinct law from derived.journal_position where law is not null
union
select distinct law from derived.case_state;

-- name: installation
select epoch, fold_version, (select max(fold_version) from derived.case_state) as newest_of_cases,
       (select array_agg(distinct epoch) from derived.journal_position) as epochs
from own.installation;

-- name: epoch
select epoch from own.installation;

-- name: moment
select clock_timestamp();

-- name: state
select s.stream, s.procedure, s.status, s.digest, s.law, s.suspended, s.renewing, s.fold_version,
       s.view, b.body as bundle
from derived.case_state s left join own.law_bundle b on b.digest = s.law
where s.stream = $1;

-- name: records
-- Every journal record of the stream: the first of each identity, its equal copies, and others.
select p.epoch, p.partition, p.log_index, p.source, p.id, e.type, e.author, p.same,
       e.recipients, p.recipients as stamped, j.value, j.headers, j.event_leaf
from (
    select e.epoch, e.partition, e.log_index, e.source, e.id, e.recipients, true as same
    from derived.event e where e.stream = $1
    union all
    select c.epoch, c.partition, c.log_index, c.source, c.id, c.recipients, c.same
    from derived.event_copy c where c.stream = $1
) p
join derived.event e on e.stream = $1 and e.source = p.source and e.id = p.id
join derived.journal j
    on j.epoch = p.epoch and j.partition = p.partition and j.log_index = p.log_index
order by p.epoch, p.partition, p.log_index;

-- name: steps
select h.source, h.id, h.agency, h.step, h.epoch, h.partition, h.log_index
from derived.hand_over h
join derived.event e on e.stream = h.stream and e.source = h.source and e.id = h.id
    and e.recipients @> array[h.agency]
where h.stream = $1
order by h.epoch, h.partition, h.log_index;

-- name: relays
-- The first statement of the router that speaks of each event's place.
select e.source, e.id, c.said_epoch as epoch, c.said_partition as partition,
       c.said_index as log_index, j.headers, j.event_leaf
from derived.event e
join derived.journal_position p on p.epoch = e.epoch and p.partition = e.partition
cross join lateral (
    select c.* from derived.checkpoint c
    where c.epoch = e.epoch and c.partition = e.partition
      and e.log_index + p.next_offset - p.next_index between c.first_offset and c.last_offset
    order by c.at limit 1
) c
join derived.journal j
    on j.epoch = c.said_epoch and j.partition = c.said_partition and j.log_index = c.said_index
where e.stream = $1;

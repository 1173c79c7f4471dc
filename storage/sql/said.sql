-- name: said_in
-- What the scheduler said in these cases, in the order said: journaled, then on its way.
select e.stream, j.value, j.headers, e.epoch, e.log_index as place
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where e.stream = any($1::uuid[]) and e.source = $2 and e.type = any($3::text[])
union all
select o.aggregateid, o.value, o.headers, null, o.id
from own.outbox o
where o.aggregateid = any($1::uuid[]) and o.source = $2 and o.type = any($3::text[])
  and not exists (
      select from derived.event e
      where e.stream = o.aggregateid and e.source = o.source and e.id = o.event_id)
order by epoch nulls last, place;

-- name: said_since
-- What it said in a stretch of the journal.
select j.stream, j.value, j.headers from derived.journal j
where j.epoch = $1 and j.partition = $2 and j.log_index >= $3 and j.log_index < $4
  and j.source = $5
order by j.log_index;

-- name: closed
-- By who opened the import too: a stranger's closing asks for nothing. Not by who opened it first:
-- anyone can compute the id of an import (ADR 40).
select e.stream, e.source, e.id, e.author
from derived.event e
where e.type = 'casebus.import.closed.v1'
  and exists (
      select from derived.event o
      where o.stream = e.stream and o.type = 'casebus.import.opened.v1' and o.author = e.author)
  and not exists (
      select from own.import_summary s
      where s.stream = e.stream and s.source = e.source and s.id = e.id)
order by e.stream, e.source, e.id limit $1;

-- name: totals
-- Of the cases in which who closed it has a part, and of its own events.
select count(distinct d.stream) as cases, count(distinct (d.stream, d.source, d.id)) as events
from derived.deviation d
where d.import_id = $1
  and (split_part(d.source, '/', 1) = $2
       or exists (select from derived.party p where p.stream = d.stream and p.agency = $2));

-- name: counted
select d.kind, d.reason, d.event_name, count(*) as count,
       (array_agg(
           jsonb_build_object('stream', d.stream, 'source', d.source, 'id', d.id)
           order by e.epoch, e.partition, e.log_index))[1:5] as examples
from derived.deviation d
join derived.event e on e.stream = d.stream and e.source = d.source and e.id = d.id
where d.import_id = $1
  and (split_part(d.source, '/', 1) = $2
       or exists (select from derived.party p where p.stream = d.stream and p.agency = $2))
group by d.kind, d.reason, d.event_name
order by count desc, d.kind, d.reason, d.event_name limit 200;

-- name: note
insert into own.import_summary (stream, source, id, event_id) values ($1, $2, $3, $4)
on conflict do nothing;

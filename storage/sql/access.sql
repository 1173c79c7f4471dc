-- name: accesses
select a.at, a.agency, a.method, a.route, a.status
from own.access a
where a.stream = $1
order by a.id desc limit $2;

-- name: streams_of
-- The cases of events, and of the work items whose source is not said.
select a.source, a.id, e.stream
from unnest($1::text[], $2::text[]) as a(source, id)
join derived.event e on e.source = a.source and e.id = a.id
union
select a.source, a.id, w.stream
from unnest($1::text[], $2::text[]) as a(source, id)
join derived.work_item w on a.source = '' and w.key = a.id
order by source, id, stream;

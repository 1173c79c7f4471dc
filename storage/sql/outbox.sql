-- name: enqueue
-- What stands in the journal was said: `own` may be of an earlier day than the journal.
insert into own.outbox
    (aggregatetype, aggregateid, type, source, event_id, topic, value, headers)
select k.kind, k.stream, k.type, k.source, k.id, k.topic, k.value, k.headers
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])
    with ordinality as k(kind, stream, type, source, id, topic, value, headers, place)
where (select true from derived.event e
       where e.stream = k.stream and e.source = k.source and e.id = k.id limit 1) is null
order by k.place
on conflict (aggregateid, source, event_id) do nothing;

-- name: enqueued
select k.id as event_id from unnest($1::uuid[], $2::text[], $3::text[]) as k(stream, source, id)
where (select true from own.outbox o
       where o.aggregateid = k.stream and o.source = k.source and o.event_id = k.id limit 1)
   or (select true from derived.event e
       where e.stream = k.stream and e.source = k.source and e.id = k.id limit 1);

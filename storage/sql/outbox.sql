-- name: enqueue
insert into own.outbox
    (aggregatetype, aggregateid, type, source, event_id, topic, value, headers)
select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])
on conflict (aggregateid, source, event_id) do nothing;

-- name: enqueued
select o.event_id from own.outbox o
join unnest($1::uuid[], $2::text[], $3::text[]) as k(stream, source, id)
    on o.aggregateid = k.stream and o.source = k.source and o.event_id = k.id;

-- name: add_checkpoints
insert into derived.checkpoint
    (epoch, partition, first_offset, last_offset, said_epoch, said_partition, said_index, at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing;

-- name: add_hand_overs
insert into derived.hand_over
    (stream, source, id, agency, step, unit, epoch, partition, log_index, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing;

-- name: note_recalls
insert into derived.hand_over
    (stream, source, id, agency, step, unit, epoch, partition, log_index, at)
select e.stream, k.source, k.id, e.author, 'recalled', null, e.epoch, e.partition, e.log_index,
       j.appended_at
from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as k(source, id, by_source, by_id)
join derived.event e on e.stream = $1 and e.source = k.by_source and e.id = k.by_id
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
on conflict do nothing;

-- name: rejected_position
select next_offset from own.rejected_position where partition = $1 for update;

-- name: advance_rejected
insert into own.rejected_position (partition, next_offset) values ($1, $2)
on conflict (partition) do update set next_offset = excluded.next_offset;

-- name: add_rejected
insert into own.rejected
    (partition, kafka_offset, agency, source, event_id, stream, reason, detail, late,
     key, value, headers, rejected_at, verified, door, leaf)
select * from unnest(
    $1::int[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::boolean[], $10::bytea[], $11::bytea[], $12::bytea[], $13::timestamptz[], $14::boolean[],
    $15::text[], $16::bytea[])
on conflict do nothing;

-- name: begin_epoch
update own.installation set epoch = $1;

-- name: carry
insert into own.journal_epoch (epoch, partition, carried)
select $1, * from unnest($2::integer[], $3::bigint[]);

-- name: carried
select partition, carried from own.journal_epoch where epoch = $1;

-- name: shorten_directory_copy
update own.directory_copy set next_offset = least(next_offset, $1);

-- name: rejected_from
insert into own.rejected_position (partition, next_offset, passed)
select one.partition, one.next_offset, int8multirange(int8range(0, one.next_offset))
from unnest($1::integer[], $2::bigint[]) as one(partition, next_offset)
on conflict (partition) do update
set next_offset = greatest(own.rejected_position.next_offset, excluded.next_offset),
    passed = own.rejected_position.passed + int8multirange(int8range(
        own.rejected_position.next_offset,
        greatest(own.rejected_position.next_offset, excluded.next_offset)))
returning partition, next_offset;

-- name: note_journaled
create temporary table journaled (stream uuid, source text, event_id text);

-- name: take_stored
insert into journaled select stream, source, event_id from derived.journal where epoch = $1;

-- name: index_journaled
create index on journaled (stream, source, event_id);

-- name: said
-- What the bus said, the outbox knows: no service says it a second time.
insert into own.outbox
    (aggregatetype, aggregateid, type, source, event_id, topic, value, headers, created_at, sent_at)
values ('event', $1, $2, $3, $4, $5, $6, $7, $8, $8)
on conflict (aggregateid, source, event_id) do nothing;

-- name: send_outbox_again
update own.outbox o set sent_at = null, tried_at = null
where o.aggregatetype = 'event' and o.sent_at is not null
  and not exists (select from journaled j
                  where j.stream = o.aggregateid and j.source = o.source and j.event_id = o.event_id)
  and not exists (select from own.rejected r
                  where r.source = o.source and r.event_id = o.event_id);

-- name: send_submissions_again
update own.submission s set sent_at = null, tried_at = null
where s.sent_at is not null
  and not exists (select from journaled j
                  where j.stream = s.stream and j.source = s.source and j.event_id = s.event_id)
  and not exists (select from own.rejected r
                  where r.source = s.source and r.event_id = s.event_id);

-- name: positions
select partition, next_index, frontier from derived.journal_position
where epoch = $1 order by partition;

-- name: stored
select log_index, value, headers, log_leaf, appended_at from derived.journal
where epoch = $1 and partition = $2 order by log_index;

-- name: rejected_headers
select headers from own.rejected;

-- name: directory_copies
select distinct on (source, event_id) value, headers, appended_at from derived.journal
where epoch = $1 and source = $2 order by source, event_id, log_index;

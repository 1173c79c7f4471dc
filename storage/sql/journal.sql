-- name: epoch
select epoch from own.installation;

-- name: open_position
insert into derived.journal_position (epoch, partition) values ($1, $2) on conflict do nothing;

-- name: lock_position
select p.next_index, p.next_offset, p.frontier, p.law, i.fold_version
from derived.journal_position p, own.installation i
where p.epoch = $1 and p.partition = $2 for update of p;

-- name: next_offsets
select partition, next_offset from derived.journal_position
where epoch = $1 and partition = any($2::int[]);

-- name: raise_fold_version
update own.installation set fold_version = greatest(fold_version, $1) returning fold_version;

-- name: newest_fold
select fold_version from own.installation;

-- name: end_blockers
select pg_terminate_backend(a.pid) from pg_stat_activity a
where a.pid = any(pg_blocking_pids($1)) and a.application_name = $2;

-- name: advance_position
update derived.journal_position
set next_index = $3, next_offset = $4, frontier = $5, law = $6
where epoch = $1 and partition = $2;

-- name: stored_leaves
select log_index, log_leaf from derived.journal
where epoch = $1 and partition = $2 and log_index between $3 and $4
order by log_index;

-- name: known_events
select e.stream, e.source, e.id, e.event_leaf
from unnest($1::uuid[], $2::text[], $3::text[]) as k(stream, source, id)
join derived.event e on e.stream = k.stream and e.source = k.source and e.id = k.id;

-- name: widen_recipients
update derived.event e
set recipients = (select array_agg(distinct name) from unnest(e.recipients || k.recipients) as name)
from (select $1::uuid as stream, $2::text as source, $3::text as id, $4::text[] as recipients) k
where e.stream = k.stream and e.source = k.source and e.id = k.id;

-- name: drop_parties
delete from derived.party where stream = any($1::uuid[]);

-- name: add_parties
insert into derived.party (agency, stream)
select * from unnest($1::text[], $2::uuid[]) on conflict do nothing;

-- name: grown
-- Logs that hold something else than their last head says, or are still said to.
select p.epoch, p.partition
from derived.journal_position p
join own.installation i on i.epoch = p.epoch
left join lateral (
    select h.frontier from own.head h
    where h.epoch = p.epoch and h.partition = p.partition order by h.size desc limit 1) h on true
left join own.log_refused r on r.epoch = p.epoch and r.partition = p.partition
where p.frontier <> coalesce(h.frontier, '\x0000000000000000') or r.partition is not null
order by p.partition;

-- name: standing
-- The last head of this epoch; where it has none, the last one of an epoch before whose records were
-- all carried over.
select p.frontier as recorded, h.frontier as signed, h.epoch = p.epoch as is_own
from derived.journal_position p
left join lateral (
    select h.epoch, h.frontier from own.head h
    where h.partition = p.partition
      and (h.epoch = p.epoch or h.epoch < p.epoch and h.size <= coalesce(
          (select min(j.carried) from own.journal_epoch j
           where j.partition = h.partition and j.epoch > h.epoch and j.epoch <= p.epoch), 0))
    order by h.epoch desc, h.size desc limit 1) h on true
where p.epoch = $1 and p.partition = $2;

-- name: leaves
select log_leaf from derived.journal
where epoch = $1 and partition = $2 and log_index >= $3 and log_index < $4
order by log_index;

-- name: hashes
select hash from own.log_hash
where epoch = $1 and partition = $2 and level = $3 and place >= $4 and place < $5
order by place;

-- name: add_hashes
insert into own.log_hash (epoch, partition, level, place, hash)
select $1, $2, * from unnest($3::smallint[], $4::bigint[], $5::bytea[]);

-- name: add_head
insert into own.head (epoch, partition, size, root, frontier, note)
values ($1, $2, $3, $4, $5, $6);

-- name: count_head
insert into own.signed_log (epoch, partition, heads, size) values ($1, $2, 1, $3)
on conflict (epoch, partition) do update set heads = signed_log.heads + 1, size = excluded.size;

-- name: refuse
insert into own.log_refused (epoch, partition, code, detail) values ($1, $2, $3, $4)
on conflict (epoch, partition) do update set code = excluded.code, detail = excluded.detail;

-- name: forgive
delete from own.log_refused where epoch = $1 and partition = $2;

-- name: refused
select epoch, partition, code, detail, since from own.log_refused
order by epoch, partition;

-- name: logs
select h.epoch, h.partition, max(h.size) as size from own.head h
join own.installation i on i.epoch = h.epoch
group by h.epoch, h.partition order by h.epoch, h.partition;

-- name: last
select h.size, h.note, h.signed_at,
       array(select c.line from own.cosignature c
             where (c.epoch, c.partition, c.size) = (h.epoch, h.partition, h.size)
             order by c.witness) as lines
from own.head h
where h.epoch = $1 and h.partition = $2 order by h.size desc limit 1;

-- name: over
-- The last head over this index.
select h.size, h.note, h.signed_at,
       array(select c.line from own.cosignature c
             where (c.epoch, c.partition, c.size) = (h.epoch, h.partition, h.size)
             order by c.witness) as lines
from own.head h
where h.epoch = $1 and h.partition = $2 and h.size > $3
order by h.size desc limit 1;

-- name: witnessed
-- The last head over this index that so many witnesses have seen.
select h.size, h.note, h.signed_at,
       array(select c.line from own.cosignature c
             where (c.epoch, c.partition, c.size) = (h.epoch, h.partition, h.size)
             order by c.witness) as lines
from own.head h
where h.epoch = $1 and h.partition = $2
  and h.size = (select c.size from own.cosignature c
                where c.epoch = $1 and c.partition = $2 and c.size > $3
                group by c.size having count(*) >= $4
                order by c.size desc limit 1);

-- name: first_over
select h.signed_at from own.head h
where h.epoch = $1 and h.partition = $2 and h.size > $3 order by h.size limit 1;

-- name: has_head
select note from own.head where epoch = $1 and partition = $2 and size = $3;

-- name: cosign
insert into own.cosignature (epoch, partition, size, witness, line) values ($1, $2, $3, $4, $5)
on conflict do nothing;

-- name: records
-- What the leaves at these places are made of.
select j.epoch, j.partition, j.log_index, j.stream, j.source, j.event_id,
       j.event_leaf, j.log_leaf, j.headers
from derived.journal j
join unnest($1::integer[], $2::integer[], $3::bigint[]) w (epoch, partition, log_index)
    on (j.epoch, j.partition, j.log_index) = (w.epoch, w.partition, w.log_index);

-- name: advance_receipts
insert into own.receipt_position (epoch, partition, next_index) values ($1, $2, $3)
on conflict (epoch, partition) do update set next_index = excluded.next_index;

-- name: unreceipted
select h.epoch, h.partition, coalesce(r.next_index, 0) as next_index, h.size
from (select epoch, partition, max(size) as size from own.head group by epoch, partition) h
join own.installation i on i.epoch = h.epoch
left join own.receipt_position r on r.epoch = h.epoch and r.partition = h.partition
where h.size > coalesce(r.next_index, 0)
order by h.partition;

-- name: owed
-- Of the records from one index on to before another: events that their authors sent first here,
-- and what was said of their hand-over, each with the author whom it is owed to.
select e.author, 'submitted' as step, e.stream, e.source, e.id, '' as agency,
       j.epoch, j.partition, j.log_index
from derived.journal j
join derived.event e on (e.stream, e.source, e.id) = (j.stream, j.source, j.event_id)
    and (e.epoch, e.partition, e.log_index) = (j.epoch, j.partition, j.log_index)
where j.epoch = $1 and j.partition = $2 and j.log_index >= $3 and j.log_index < $4
  and e.author = any($5)
union all
select e.author, h.step, e.stream, e.source, e.id, h.agency, h.epoch, h.partition, h.log_index
from derived.journal j
join derived.hand_over h on h.stream = j.stream
    and (h.epoch, h.partition, h.log_index) = (j.epoch, j.partition, j.log_index)
join derived.event e on (e.stream, e.source, e.id) = (h.stream, h.source, h.id)
    and e.recipients @> array[h.agency]
where j.epoch = $1 and j.partition = $2 and j.log_index >= $3 and j.log_index < $4
  and e.author = any($5)
order by log_index, source, id;

-- name: recorded
select coalesce(max(log_index) + 1, 0) from derived.journal where epoch = $1 and partition = $2;

-- name: all_heads
select epoch, partition, size, root, frontier, note from own.head order by epoch, partition, size;

-- name: all_signed_logs
select epoch, partition, heads, size from own.signed_log order by epoch, partition;

-- name: logs_with_hashes
select distinct epoch, partition from own.log_hash;

-- name: all_hashes
select level, place, hash from own.log_hash where epoch = $1 and partition = $2;

-- name: all_cosignatures
select epoch, partition, size, witness, line from own.cosignature;

-- name: places
-- How far each partition of the journal is recorded.
select p.partition, p.next_index from derived.journal_position p
join own.installation i on i.epoch = p.epoch
order by p.partition;

-- name: streams
-- Which cases the records from one place to before another belong to.
select distinct j.stream from derived.journal j
join own.installation i on i.epoch = j.epoch
where j.partition = $1 and j.log_index >= $2 and j.log_index < $3;

-- name: agencies
-- Who has a part in these cases, or work to do on them.
select p.agency from derived.party p where p.stream = any($1::uuid[])
union
select w.agency from derived.work_item w where w.stream = any($1::uuid[]);

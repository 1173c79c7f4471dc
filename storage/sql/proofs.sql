-- name: keep
insert into own.verification (began_at, ended_at, ok, percent, signatures, report)
values ($1, $2, $3, $4, $5, $6);

-- name: forget
delete from own.verification
where id <= (select id from own.verification order by id desc offset $1 limit 1);

-- name: verifications
select began_at, ended_at, ok, percent, signatures, report
from own.verification order by id desc limit $1;

-- name: heads
-- The last head of each log, the last that a witness saw, and what is recorded beyond them.
select p.epoch, p.partition, p.next_index as recorded, h.size, h.signed_at, h.witnesses,
       c.size as cosigned_size, c.at as cosigned_at, r.code as refused, r.since as refused_since
from derived.journal_position p
join own.installation i on i.epoch = p.epoch
left join lateral (
    select h.size, h.signed_at,
           array(select c.witness from own.cosignature c
                 where (c.epoch, c.partition, c.size) = (h.epoch, h.partition, h.size)
                 order by c.witness) as witnesses
    from own.head h where (h.epoch, h.partition) = (p.epoch, p.partition)
    order by h.size desc limit 1) h on true
left join lateral (
    select c.size, max(c.at) as at from own.cosignature c
    where (c.epoch, c.partition) = (p.epoch, p.partition)
    group by c.size order by c.size desc limit 1) c on true
left join own.log_refused r on (r.epoch, r.partition) = (p.epoch, p.partition)
order by p.partition;

-- name: versions
-- Who sends which schema, by the number that stands before each body. Closed cases are left out: who
-- sent what in them is not told.
select e.author, e.type,
       ('x' || encode(substr(j.value, 2, 4), 'hex'))::bit(32)::integer as schema_id,
       count(*)::integer as events, max(e.recorded_at) as last_at
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
join derived.case_state s on s.stream = e.stream and not s.closed
join derived.journal j
    on (j.epoch, j.partition, j.log_index) = (e.epoch, e.partition, e.log_index)
where length(j.value) >= 5
group by 1, 2, 3
order by e.type, schema_id, e.author;

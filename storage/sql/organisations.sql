-- name: askers
-- Page by page: however many ask, each is answered. `readers` have what is answered to it, now or
-- by its history.
select a.stream, a.agency, a.first_on, a.last_on, a.source, a.id,
       array(select unnest(derived.readers(a.stream)) union select a.agency order by 1) as readers
from derived.act a
where a.uscc = $1 and a.family = $2 and a.asking and not a.imported and a.stream > $3
order by a.stream limit $4;

-- name: punished
-- What all readers of the asking case may know; the rest is no part of the answer, nor of its bound.
select p.stream, p.offence, p.kind, p.decided_on, p.number, p.source, p.id
from derived.punished p join derived.case_state s on s.stream = p.stream
where p.uscc = $1 and p.family = $2 and p.stream <> $3 and p.decided_on >= $4 and p.decided_on < $5
  and derived.may_tell($6::text[], s.view)
order by p.decided_on desc, p.stream, p.source, p.id limit $7;

-- name: unpunished
select a.stream, a.first_on, a.last_on, a.source, a.id, a.view -> 'figures' as figures
from derived.act a join derived.case_state s on s.stream = a.stream
where a.uscc = $1 and a.family = $2 and a.unpunished and a.stream <> $3 and a.last_on >= $4
  and derived.may_tell($5::text[], s.view)
order by a.last_on desc, a.stream limit $6;

-- name: withheld
-- Cases that would say something and may not, beside the one that asks.
select s.stream, $6::uuid as other, $11::text as agency
from derived.case_state s
where s.stream in (
    select p.stream from derived.punished p
    where p.uscc = $4 and p.family = $5 and p.decided_on >= $7 and p.decided_on < $8
    union
    select a.stream from derived.act a
    where a.uscc = $4 and a.family = $5 and a.unpunished and a.last_on >= $9 and $10::boolean
)
and s.stream <> $6 and not derived.may_tell($12::text[], s.view)

-- name: ask
insert into own.break_glass (stream, asked_by, reason) values ($1, $2, $3) returning id;

-- name: lock
select pg_advisory_xact_lock(7071);

-- name: grants
select g.id, g.stream, g.asked_by, g.asked_at, g.reason, g.agreed, g.decided_by, g.decided_at,
       g.ends_at, g.asked_at > now() - $2::interval as is_fresh,
       coalesce(g.ends_at > now(), false) as is_live,
       (select count(*)::integer from own.access a
        where a.stream = g.stream and a.break_glass = g.id) as looks
from own.break_glass g
where $1::bigint is null or g.id = $1
order by g.id desc limit $3;

-- name: decide
update own.break_glass
set agreed = $2, decided_by = $3, decided_at = now(),
    ends_at = case when $2 then now() + $4::interval end
where id = $1;

-- name: end
update own.break_glass set ends_at = now() where id = $1 and ends_at > now();

-- name: is_there
select exists (select from derived.case_state where stream = $1);

-- name: add_traits
insert into derived.trait (kind, value, stream)
select * from unnest($1::text[], $2::text[], $3::uuid[]) on conflict do nothing;

-- name: drop_traits
delete from derived.trait t
using unnest($1::text[], $2::text[], $3::uuid[]) as k(kind, value, stream)
where t.kind = k.kind and t.value = k.value and t.stream = k.stream;

-- name: candidates
-- Cases that share a trait by which one is found, and of which the agency may know; commonest traits last, so that the bound cuts there.
select other.stream, count(*) as shared
from derived.trait own
join derived.trait other
    on other.kind = own.kind and other.value = own.value and other.stream <> own.stream
left join derived.case_state s on s.stream = other.stream
where own.stream = $1 and own.kind = any($2::text[])
  and (s.stream is null or derived.may_know($4, s.view))
group by other.stream
order by shared desc, other.stream
limit $3;

-- name: traits
select t.stream, t.kind, t.value from derived.trait t
where t.stream = any($1::uuid[])
order by t.stream, t.kind, t.value;

-- name: shown_to
-- A secret case is there for those who hold a role in it.
select s.stream, s.opener, s.opened_at, s.procedure, s.status,
       exists (select from derived.party p where p.stream = s.stream and p.agency = $1) as own
from derived.case_state s
where s.stream = any($2::uuid[]) and s.status <> 'absorbed' and derived.may_know($1, s.view);

-- name: untold
-- Of pairs of a case (`stream`) and another one: who holds a role in the one and may know of the
-- other. Each pair is asked about once.
select p.stream, p.other, p.agency, array(
    select held.agency
    from jsonb_array_elements_text(coalesce(s.view -> 'team', '[]')) as held(agency)
    where derived.may_know(held.agency, o.view) order by held.agency
) as holders
from ({pairs}) as p
join derived.case_state s on s.stream = p.stream
join derived.case_state o on o.stream = p.other
where not exists (
    select from own.asked_finding f
    where f.stream = p.stream and f.kind = $1 and f.source = $2 and f.id = p.other::text)
order by p.stream, p.other limit $3;

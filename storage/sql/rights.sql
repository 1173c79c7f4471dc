-- name: said
select stream, number, kind, event_name, outcome, said_on as "on", agency, citation, secret,
       source, id, array(select jsonb_array_elements_text(view -> 'linked'))::uuid[] as linked
from derived.right_said where stream = $1 and number = $2;

-- name: hearers
-- Running cases of the right, those that the case that speaks names itself, and those that are linked
-- with it: of these only where all who would read it may know of that case anyway.
select s.stream, array(select jsonb_array_elements_text(s.view -> 'hearers')) as agencies
from derived.case_state s
where s.stream in (
    select stream from derived.right_use where number = $2
    union select u.stream from derived.right_use u
    where u.linked = $1 and derived.readers(u.stream) <@ derived.readers($1)
    union select unnest($3::uuid[])
)
and s.stream <> $1 and s.stream > $4 and jsonb_array_length(coalesce(s.view -> 'hearers', '[]')) > 0
order by s.stream limit $5;

-- name: unheard
-- The case that speaks, beside each that is linked with it and is told nothing.
select $4::uuid as stream, u.stream as other, split_part(linked.opener, '/', 1) as agency
from derived.right_use u join derived.case_state linked on linked.stream = u.stream
where u.linked = $4 and u.stream <> $4 and u.stream <> all($5::uuid[])

-- name: heard
select stream from own.right_heard where number = $1;

-- name: note_heard
insert into own.right_heard (number, stream)
select * from unnest($1::text[], $2::uuid[]) on conflict do nothing;

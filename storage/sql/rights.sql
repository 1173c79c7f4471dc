-- name: is_changed
select exists (select from derived.changed_right);

-- name: take_changed
with taken as (
    delete from derived.changed_right
    where id in (
        select id from derived.changed_right order by id limit $1 for update skip locked
    )
    returning stream, number
)
select distinct stream, number from taken order by stream, number;

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
-- Cases that are linked with the one that speaks and are told nothing: the agency that handles each,
-- and who holds a role where it speaks and may know of the other, asked once.
select u.stream, split_part(other.opener, '/', 1) as agency, array(
    select held.agency
    from jsonb_array_elements_text(coalesce(s.view -> 'team', '[]')) as held(agency)
    where derived.may_know(held.agency, other.view) order by held.agency
) as holders
from derived.right_use u
join derived.case_state other on other.stream = u.stream
join derived.case_state s on s.stream = $1
where u.linked = $1 and u.stream <> $1 and u.stream <> all($2::uuid[])
  and not exists (
      select from own.asked_finding f
      where f.stream = $1 and f.kind = $3 and f.source = '' and f.id = u.stream::text)
order by u.stream limit $4;

-- name: heard
select stream from own.right_heard where number = $1;

-- name: note_heard
insert into own.right_heard (number, stream)
select * from unnest($1::text[], $2::uuid[]) on conflict do nothing;

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
-- Running cases of the right, those that are linked with the one that speaks, and those that it
-- names itself.
select s.stream, array(select jsonb_array_elements_text(s.view -> 'hearers')) as agencies
from derived.case_state s
where s.stream in (
    select stream from derived.right_use where number = $2
    union select stream from derived.right_use where linked = $1
    union select unnest($3::uuid[])
)
and s.stream <> $1 and s.stream > $4 and jsonb_array_length(coalesce(s.view -> 'hearers', '[]')) > 0
order by s.stream limit $5;

-- name: told
select stream, revision, kind, digest, event_ids, told
from own.right_told where origin = $1 and number = $2;

-- name: note_told
insert into own.right_told (origin, number, stream, revision, kind, digest, event_ids, told)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (origin, number, stream) do update set
    revision = excluded.revision, kind = excluded.kind, digest = excluded.digest,
    event_ids = excluded.event_ids, told = excluded.told;

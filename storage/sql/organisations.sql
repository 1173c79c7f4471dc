-- name: is_changed
select exists (select from derived.changed_organisation);

-- name: take_changed
with taken as (
    delete from derived.changed_organisation
    where id in (
        select id from derived.changed_organisation order by id limit $1 for update skip locked
    )
    returning uscc, family
)
select distinct uscc, family from taken order by uscc, family;

-- name: askers
select stream, agency, first_on, last_on, source, id
from derived.act
where uscc = $1 and family = $2 and asking and not imported
order by last_on desc, stream limit $3;

-- name: punished
select stream, offence, kind, decided_on, number, source, id
from derived.punished
where uscc = $1 and family = $2
order by decided_on desc, stream, source, id limit $3;

-- name: unpunished
select stream, first_on, last_on, source, id, view -> 'figures' as figures
from derived.act
where uscc = $1 and family = $2 and unpunished
order by last_on desc, stream limit $3;

-- name: answers
select stream, revision, digest, event_id
from own.organisation_answer where uscc = $1 and family = $2;

-- name: note_answer
insert into own.organisation_answer (stream, uscc, family, revision, digest, event_id)
values ($1, $2, $3, $4, $5, $6)
on conflict (stream, uscc, family) do update set
    revision = excluded.revision, digest = excluded.digest, event_id = excluded.event_id;

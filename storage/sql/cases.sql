-- name: lock_cases
select stream, version, law, fold_version, pinned, renewing, updated_at
from derived.case_state
where stream = any($1::uuid[]) order by stream for update;

-- name: standing_of
select stream, version, law, fold_version, pinned, renewing, updated_at
from derived.case_state where stream = any($1::uuid[]);

-- name: left_out
select stream, source, id from derived.left_out where stream = any($1::uuid[]) and not told;

-- name: leave_out
insert into derived.left_out (stream, source, id, told)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) on conflict do nothing;

-- name: stale
-- Derived by an older fold, or by another law than the one that is in force.
select stream from derived.case_state
where fold_version < $1 or (law <> $2 and not pinned)
order by stream limit $3;

-- name: renewal_progress
with laws as (
    select distinct law from derived.journal_position
    where epoch = (select epoch from own.installation) and law is not null
)
select count(*) filter (
           where fold_version < $1 or (
               not pinned and (select count(*) from laws) = 1 and law <> (select min(law) from laws)
           )
       ) as left, count(*) as cases
from derived.case_state;

-- name: unsettled
with laws as (
    select distinct law from derived.journal_position
    where epoch = (select epoch from own.installation) and law is not null
), standing as (
    select stream, array_remove(array[
        case when fold_version < $1 then 'fold_version' end,
        case when not pinned and (select count(*) from laws) = 1
              and law <> (select min(law) from laws) then 'law' end,
        case when renewing is not null then 'renewing' end], null) as columns
    from derived.case_state
)
select stream, columns from standing where columns <> '{}' order by stream;

-- name: shown_cases
select stream, law, fold_version, status, digest from derived.case_state
where stream = any($1::uuid[]);

-- name: shown_clocks
select c.stream, c.key, c.status, c.due, c.historic,
       not c.historic and coalesce(least(c.breach_after, c.lapse_after) <= $2, false)
       as pending
from derived.clock c where c.stream = any($1::uuid[]);

-- name: shown_findings
select stream, key from derived.finding where stream = any($1::uuid[]);

-- name: shown_regions
select stream, procedure, status from derived.side_region where stream = any($1::uuid[]);

-- name: shown_verdicts
select c.stream, a->'event'->>'id' as event_id, a->>'verdict' as verdict,
       a->>'offence' as offence, (a->>'tier')::int as tier
from derived.case_state c, jsonb_path_query(c.view, '$.assessments[*]') as a
where c.stream = any($1::uuid[]);

-- name: shown_view
select (c.view || jsonb_build_object('status', c.status, 'clocks', coalesce(
    (select jsonb_agg(k.view order by k.key) from derived.clock k where k.stream = c.stream), '[]'
)))::text from derived.case_state c where c.stream = $1;

-- name: said
select aggregateid as stream, event_id from own.outbox
where aggregateid = any($1::uuid[]) and source like 'bus%';

-- name: renewing
select o.aggregateid as stream, o.value, o.headers from own.outbox o
join unnest($1::uuid[], $2::text[]) as k(stream, id)
    on o.aggregateid = k.stream and o.event_id = k.id and o.source = 'bus';

-- name: among
select stream from derived.case_state where stream = any($1::uuid[]);

-- name: events_of
select e.stream, e.epoch, e.partition, e.log_index, j.value, j.headers,
       exists (
           select from derived.event_copy c
           where c.stream = e.stream and c.source = e.source and c.id = e.id and not c.same
       ) as conflicting,
       array(
           select k.headers from derived.event_copy c
           join derived.journal k
               on k.epoch = c.epoch and k.partition = c.partition and k.log_index = c.log_index
           where c.stream = e.stream and c.source = e.source and c.id = e.id and c.same
           order by c.epoch, c.partition, c.log_index
       ) as copies,
       o.told is not null as beyond
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
left join derived.left_out o on o.stream = e.stream and o.source = e.source and o.id = e.id
where e.stream = any($1::uuid[]) and o.told is distinct from false
    -- Who writes them has what comes from here on.
    and ((e.epoch, e.partition) is distinct from ($2::integer, $3::integer)
        or e.log_index < $4::bigint)
order by e.epoch, e.partition, e.log_index;

-- name: save_cases
insert into derived.case_state
    (stream, procedure, status, opener, version, digest, law, suspended, opened_at, updated_at, view,
     fold_version, pinned, renewing)
select * from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[],
    $8::text[], $9::timestamptz[], $10::timestamptz[], $11::jsonb[], $12::int[], $13::boolean[],
    $14::text[])
on conflict (stream) do update set
    procedure = excluded.procedure, status = excluded.status, opener = excluded.opener,
    version = excluded.version, digest = excluded.digest, law = excluded.law,
    suspended = excluded.suspended, opened_at = excluded.opened_at,
    updated_at = excluded.updated_at, view = excluded.view,
    fold_version = excluded.fold_version, pinned = excluded.pinned,
    renewing = excluded.renewing;

-- name: drop_rows
-- Of any facet's table.
delete from derived.{table} where stream = any($1::uuid[]);

-- name: drop_some_rows
delete from derived.{table} t using unnest($1::uuid[], $2::text[]) as k(stream, key)
where t.stream = k.stream and t.{key}::text = k.key;

-- name: drop_numbers
delete from derived.number n
using unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) as k(value, kind, stream, agency)
where n.value = k.value and n.kind = k.kind and n.stream = k.stream and n.agency = k.agency;

-- name: add_numbers
insert into derived.number (value, kind, stream, agency)
select * from unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) on conflict do nothing;

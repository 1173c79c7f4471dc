-- name: tables
-- Tables of a schema, their columns and those of the primary key, each in its order.
select c.relname as name,
       array(
           select a.attname::text from pg_attribute a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum
       ) as columns,
       array(
           select a.attname::text
           from pg_index i, unnest(i.indkey::smallint[]) with ordinality k (attnum, place)
           join pg_attribute a on a.attnum = k.attnum
           where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid order by k.place
       ) as key
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname;

-- name: functions
select pg_get_functiondef(p.oid) as text
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1;

-- name: exists
select exists (select from pg_namespace where nspname = $1);

-- name: applied
select name from public.casebus_migration;

-- name: positions
select partition, next_index, next_offset from derived.journal_position
where epoch = $1 order by partition;

-- name: begin_at
-- The offset of log index 0.
update derived.journal_position set next_offset = $3
where epoch = $1 and partition = $2 and next_index = 0;

-- name: on_their_way
select count(*) from derived.case_state where renewing is not null;

-- name: cases
select count(*) from derived_next.case_state;

-- name: keep_versions
-- A version and the day of the last change are no function of the journal. Where anything differs
-- ($1 = 1) every version is a new one, so that nobody trusts what they remember of a case.
update derived_next.case_state n
set version = $1 + coalesce(
        (select l.version from derived.case_state l where l.stream = n.stream),
        (select max(l.version) from derived.case_state l), 0),
    updated_at = coalesce(
        (select l.updated_at from derived.case_state l where l.stream = n.stream), n.updated_at);

-- name: forget_organisations
delete from derived_next.changed_organisation;

-- name: keep_organisations
insert into derived_next.changed_organisation (uscc, family)
select uscc, family from derived.changed_organisation order by id;

-- name: forget_rights
delete from derived_next.changed_right;

-- name: keep_rights
insert into derived_next.changed_right (stream, number)
select stream, number from derived.changed_right order by id;

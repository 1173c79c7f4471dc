-- A case is found by an event's id, by the trace that brought it, and by the offence that the law
-- makes of its figures.

-- Both ways round it finds an event by its source and id; this way by the id alone too.
create index event_by_name on derived.event (id, source);
drop index derived.event_by_id;

-- The trace id of a packed `traceparent` (storage/packing.py): lengths of name and value, the name,
-- a version, the id. It never fails, whatever a sender wrote there.
create function derived.trace_of(headers bytea) returns bytea
language sql immutable strict parallel safe as $$
    select substring(
        headers from
        nullif(position('\x000b00000037'::bytea || 'traceparent'::bytea in headers), 0) + 20 for 32)
$$;
create index journal_by_trace on derived.journal (derived.trace_of(headers))
    where derived.trace_of(headers) is not null;

create function derived.offences_of(assessments jsonb) returns text[]
language sql immutable as $$
    select coalesce(array_agg(distinct one ->> 'offence'), '{}')
    from jsonb_array_elements(
        case when jsonb_typeof(assessments) = 'array' then assessments else '[]' end) one
    where one ->> 'offence' <> ''
$$;
alter table derived.case_state
    add column offences text[] not null generated always as (
        derived.offences_of(coalesce(view -> 'assessments', '[]'))
    ) stored;
create index case_state_by_offence on derived.case_state using gin (offences);

-- What is found about imported events is counted, and told once to whoever imported them (ADR 0038).
create table derived.deviation (
    stream uuid not null,
    key text not null,
    import_id text not null,
    kind text not null,
    reason text not null,
    event_name text not null,
    source text not null,
    id text not null,
    view jsonb not null,
    primary key (stream, key)
);
create index deviation_by_import on derived.deviation (import_id);
create index event_import_closed on derived.event (stream)
    where type = 'casebus.import.closed.v1';

-- Which closings of imports were summarised.
create table own.import_summary (
    stream uuid not null,
    source text not null,
    id text not null,
    event_id text not null,
    primary key (stream, source, id)
);
-- What was closed before is not told of now: its cases were folded without counting.
insert into own.import_summary (stream, source, id, event_id)
select stream, source, id, '' from derived.event where type = 'casebus.import.closed.v1';

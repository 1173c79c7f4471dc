-- Who looked at what, and who was refused; written before the answer leaves.
create table own.access (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    agency text not null,
    method text not null,
    route text not null,
    stream uuid,
    source text,
    event_id text,
    status integer not null
);
create index access_by_stream on own.access (stream, at desc) where stream is not null;
create index access_by_agency on own.access (agency, at desc);

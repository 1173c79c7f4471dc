-- The SDK's local store. One file an agency's system; several processes may share it.

-- Where it was made: a copy on another machine counts beside the first.
create table if not exists made (
    only_row integer primary key check (only_row = 1),
    machine text not null
);

create table if not exists sequence (
    source text not null,
    stream text not null,
    last integer not null,
    primary key (source, stream)
) without rowid;

-- Finished, signed records, kept before they are sent; offset is null until Kafka has taken one.
create table if not exists outgoing (
    place integer primary key autoincrement,
    source text not null,
    stream text not null,
    id text not null,
    sequence integer not null,
    request blob not null,
    topic text not null,
    key blob not null,
    value blob not null,
    headers blob not null,
    partition integer,
    offset integer,
    sent_at text,
    unique (source, stream, id)
);
create index if not exists outgoing_waiting on outgoing (place) where offset is null;

-- What an import said last of each event of a case.
create table if not exists slot (
    stream text not null,
    slot text not null,
    source text not null,
    id text not null,
    revision integer not null,
    fields text not null,
    primary key (stream, slot)
) without rowid;

-- Deliveries that a handler has finished, by identity.
create table if not exists handled (
    agency text not null,
    source text not null,
    stream text not null,
    id text not null,
    handled_at text not null,
    primary key (agency, stream, source, id)
) without rowid;

-- How far the load of a log has come; one that is finished has no row.
create table if not exists load (
    id integer primary key autoincrement,
    import text not null unique,
    file text not null,
    mapping text not null,
    position integer not null,
    summary text not null
);

-- How often a load has met the same activity at the same time in a case.
create table if not exists load_seen (
    load integer not null,
    stream blob not null,
    key blob not null,
    count integer not null,
    primary key (load, stream, key)
) without rowid;

-- The last event of each case that came from a log, and which load it was in.
create table if not exists load_case (
    stream blob primary key,
    load integer not null,
    id text not null,
    legal text not null,
    -- Another case carries the number: this load takes none of its events.
    barred text not null
) without rowid;

-- Each event that came from a log; fields are what holds of it since it was corrected.
create table if not exists logged (
    stream blob not null,
    key blob not null,
    id text not null,
    source text not null,
    revision integer not null,
    said blob not null,
    fields text,
    primary key (stream, key)
) without rowid;

-- Events that the bus said it holds, for a machine whose store does not know them.
create table if not exists load_held (
    stream blob not null,
    id text not null,
    primary key (stream, id)
) without rowid;

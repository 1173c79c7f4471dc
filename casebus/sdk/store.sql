-- The SDK's local store. One file an agency's system; several processes may share it.

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

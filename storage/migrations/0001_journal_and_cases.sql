-- Schema `derived` is a function of the journal and can be rebuilt; `own` cannot.
create schema if not exists derived;
create schema if not exists own;

-- One row: the journal's epoch grows when the journal itself is rebuilt (design rule 5).
create table own.installation (
    only_row boolean primary key default true check (only_row),
    epoch integer not null default 1
);
insert into own.installation default values;

-- Law bundles are content-addressed and kept for ever (design rule 10).
create table own.law_bundle (
    digest text primary key,
    body bytea not null,
    stored_at timestamptz not null default now()
);

create table own.heartbeat (
    service text primary key,
    at timestamptz not null,
    detail jsonb not null default '{}'
);

-- Finished, signed records that wait for the one relay; column names follow Debezium's event router.
create table own.outbox (
    id bigint generated always as identity primary key,
    aggregatetype text not null,
    aggregateid uuid not null,
    type text not null,
    source text not null,
    event_id text not null,
    topic text not null,
    value bytea,
    headers bytea not null,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    unique (aggregateid, source, event_id)
);
create index outbox_unsent on own.outbox (id) where sent_at is null;

-- The fence (design rule 6): locked first and advanced in the same transaction.
create table derived.journal_position (
    epoch integer not null,
    partition integer not null,
    next_index bigint not null default 0,
    next_offset bigint not null default 0,
    frontier bytea not null default '\x0000000000000000',
    law text,
    primary key (epoch, partition)
);

create table derived.journal (
    epoch integer not null,
    partition integer not null,
    log_index bigint not null,
    stream uuid not null,
    source text not null,
    event_id text not null,
    event_leaf bytea not null,
    log_leaf bytea not null,
    value bytea not null,
    headers bytea not null,
    appended_at timestamptz not null,
    primary key (epoch, partition, log_index)
);

-- The first journaled copy of each identity (stream, source, id).
create table derived.event (
    stream uuid not null,
    source text not null,
    id text not null,
    type text not null,
    author text not null,
    sector text not null,
    recipients text[] not null,
    legal_at timestamptz not null,
    recorded_at timestamptz not null,
    sequence bigint,
    event_leaf bytea not null,
    epoch integer not null,
    partition integer not null,
    log_index bigint not null,
    primary key (stream, source, id)
) partition by hash (stream);
create table derived.event_0 partition of derived.event for values with (modulus 8, remainder 0);
create table derived.event_1 partition of derived.event for values with (modulus 8, remainder 1);
create table derived.event_2 partition of derived.event for values with (modulus 8, remainder 2);
create table derived.event_3 partition of derived.event for values with (modulus 8, remainder 3);
create table derived.event_4 partition of derived.event for values with (modulus 8, remainder 4);
create table derived.event_5 partition of derived.event for values with (modulus 8, remainder 5);
create table derived.event_6 partition of derived.event for values with (modulus 8, remainder 6);
create table derived.event_7 partition of derived.event for values with (modulus 8, remainder 7);
create index event_by_id on derived.event (source, id);

-- Other journaled copies of an identity; `same` tells a redelivery from an id conflict.
create table derived.event_copy (
    epoch integer not null,
    partition integer not null,
    log_index bigint not null,
    stream uuid not null,
    source text not null,
    id text not null,
    recipients text[] not null,
    same boolean not null,
    primary key (epoch, partition, log_index)
);
create index event_copy_by_identity on derived.event_copy (stream, source, id);

-- `case` is a reserved word of SQL; the view is Case.to_json().
create table derived.case_state (
    stream uuid primary key,
    procedure text,
    status text not null,
    opener text,
    version bigint not null,
    digest text not null,
    law text not null,
    suspended text,
    opened_at timestamptz,
    updated_at timestamptz not null,
    view jsonb not null
);
create index case_state_recent on derived.case_state (updated_at desc, stream);

-- Who has a part in a stream, and so may see it (design rule 19, ADR 0016).
create table derived.party (
    stream uuid not null,
    agency text not null,
    primary key (agency, stream)
);
create index party_by_stream on derived.party (stream);

create table derived.number (
    value text not null,
    kind text not null,
    stream uuid not null,
    agency text not null,
    primary key (value, stream, kind, agency)
);

create table derived.clock (
    stream uuid not null,
    key text not null,
    clock text not null,
    status text not null,
    historic boolean not null,
    due timestamptz,
    breach_after timestamptz,
    view jsonb not null,
    primary key (stream, key)
);
create index clock_due on derived.clock (breach_after)
    where status = 'running' and not historic and breach_after is not null;

create table derived.work_item (
    key text primary key,
    stream uuid not null,
    agency text not null,
    duty text not null,
    is_open boolean not null,
    due timestamptz,
    version bigint not null,
    unit text,
    view jsonb not null
);
create index work_item_by_agency on derived.work_item (agency, is_open, due);
create index work_item_by_stream on derived.work_item (stream);

create table derived.finding (
    stream uuid not null,
    key text not null,
    kind text not null,
    view jsonb not null,
    primary key (stream, key)
);

-- Evidence: what the router's checkpoints, intakes and openings said of each hand-over.
create table derived.checkpoint (
    epoch integer not null,
    partition integer not null,
    first_offset bigint not null,
    last_offset bigint not null,
    said_epoch integer not null,
    said_partition integer not null,
    said_index bigint not null,
    at timestamptz not null,
    primary key (said_epoch, said_partition, said_index)
);
create index checkpoint_by_offset on derived.checkpoint (epoch, partition, last_offset);

create table derived.hand_over (
    stream uuid not null,
    source text not null,
    id text not null,
    agency text not null,
    step text not null check (step in ('delivered', 'retrieved')),
    unit text,
    epoch integer not null,
    partition integer not null,
    log_index bigint not null,
    at timestamptz not null,
    primary key (stream, source, id, agency, step)
);

-- Kafka keeps what was rejected for 90 days only, so these rows are ours to keep.
create table own.rejected_position (
    partition integer primary key,
    next_offset bigint not null
);

create table own.rejected (
    partition integer not null,
    kafka_offset bigint not null,
    agency text,
    source text,
    event_id text,
    stream text,
    reason text not null,
    detail text not null,
    late boolean not null default false,
    key bytea,
    value bytea,
    headers bytea not null,
    rejected_at timestamptz not null,
    primary key (partition, kafka_offset)
);
create index rejected_by_agency on own.rejected (agency, rejected_at desc);
create index rejected_by_identity on own.rejected (source, event_id);

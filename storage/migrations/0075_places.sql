-- How far each service is in each partition, as the scheduler last saw it: what waits, since when, and
-- how fast it goes. For who looks; nothing is decided by it.
create table own.place (
    service text not null,
    topic text not null,
    partition integer not null,
    done bigint not null,
    ends bigint not null,
    -- Records a second between the last two looks.
    rate float8 not null,
    -- Since when the oldest record waits; null where none does.
    waits_since timestamptz,
    -- When this last changed.
    at timestamptz not null default now(),
    primary key (service, topic, partition)
);

-- Who sent what lately, and when last: by author, the last first.
create index event_by_author on derived.event (author, recorded_at desc);

-- What was refused in the name of a case.
create index rejected_by_stream on own.rejected (stream) where stream is not null;

-- What `casebus verify` said when it ended; the last ones are kept.
create table own.verification (
    id bigint generated always as identity primary key,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    ok boolean not null,
    -- Of a hundred cases, how many were derived again.
    percent float8 not null,
    signatures boolean not null,
    report jsonb not null
);

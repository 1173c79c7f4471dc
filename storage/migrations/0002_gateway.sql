-- What only the gateway keeps. An API key is known by its digest; the key itself is never stored.
create table own.api_key (
    digest bytea primary key check (length(digest) = 32),
    agency text not null,
    label text not null default '',
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
create index api_key_by_agency on own.api_key (agency);

-- The finished record, stored before it is produced: a retry re-sends these bytes (design rule 18).
create table own.submission (
    source text not null,
    event_id text not null,
    stream uuid not null,
    agency text not null,
    digest bytea not null,
    topic text not null,
    value bytea not null,
    headers bytea not null,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    primary key (source, event_id)
);

-- One action at a time on one version of a work item; a row that nobody settled expires.
create table own.pending_action (
    work_item text not null,
    version bigint not null,
    digest bytea not null,
    source text not null,
    event_id text not null,
    expires_at timestamptz not null,
    primary key (work_item, version)
);

-- An agency's inbox in the order recorded, partition by partition.
create index hand_over_inbox
    on derived.hand_over (agency, step, epoch, partition, log_index);

-- Heads of the logs (design rule 7): what was signed stays signed, so nothing here is changed,
-- taken away or derived again.
create table own.head (
    epoch integer not null,
    partition integer not null,
    size bigint not null,
    root bytea not null,
    -- By which it is seen that the next head continues this one.
    frontier bytea not null,
    -- The signed note, without cosignatures.
    note text not null,
    signed_at timestamptz not null default now(),
    primary key (epoch, partition, size)
);

-- The hashes of tiles above level 0; those of level 0 are the journal's log leaves.
create table own.log_hash (
    epoch integer not null,
    partition integer not null,
    level smallint not null check (level > 0),
    place bigint not null,
    hash bytea not null,
    primary key (epoch, partition, level, place)
);

-- Lines of witnesses below a head's own signature.
create table own.cosignature (
    epoch integer not null,
    partition integer not null,
    size bigint not null,
    witness text not null,
    line text not null,
    at timestamptz not null default now(),
    primary key (epoch, partition, size, witness),
    foreign key (epoch, partition, size) references own.head
);

-- Logs whose next head was not signed, because what is recorded does not continue what was signed.
-- A person has to look.
create table own.log_refused (
    epoch integer not null,
    partition integer not null,
    code text not null,
    detail text not null,
    since timestamptz not null default now(),
    primary key (epoch, partition)
);

-- How far receipts have been sent to agencies' own topics. What was journaled before there were
-- any is asked for, and not sent.
create table own.receipt_position (
    epoch integer not null,
    partition integer not null,
    next_index bigint not null,
    primary key (epoch, partition)
);
insert into own.receipt_position (epoch, partition, next_index)
select epoch, partition, next_index from derived.journal_position;

-- Each time the journal was written anew (design rule 5): log indexes below `carried` hold the very
-- records that they held under the epoch before.
create table own.journal_epoch (
    epoch integer not null,
    partition integer not null,
    carried bigint not null,
    began_at timestamptz not null default now(),
    primary key (epoch, partition)
);

-- Offsets of `rejected` that a restore passed over: Kafka held records there that the backup has not.
alter table own.rejected_position add column passed int8multirange not null default '{}';

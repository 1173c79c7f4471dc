-- The scheduler's memory: what it has said, and how far it has asked.

-- Why no broker will ever take a row (too large); it is kept, and holds nobody up.
alter table own.outbox add column refused text;
drop index own.outbox_unsent;
create index outbox_unsent on own.outbox (id) where sent_at is null and refused is null;

-- The relay wakes at the commit that brought it work.
create function own.wake_relay() returns trigger language plpgsql as $$
begin
    perform pg_notify('casebus_outbox', '');
    return null;
end $$;
create trigger outbox_wakes_relay after insert on own.outbox
    for each statement execute function own.wake_relay();

-- Breaches said, also while they are on their way through the front door (design rule 15).
create table own.clock_breach (
    stream uuid not null,
    key text not null,
    revision integer not null,
    event_id text not null,
    enqueued_at timestamptz not null default now(),
    primary key (stream, key, revision)
);

-- Findings of the scheduler's own; `source` and `id` name the event one is about, or are empty.
create table own.asked_finding (
    stream uuid not null,
    kind text not null,
    source text not null,
    id text not null,
    event_id text not null,
    withdrawn boolean not null default false,
    primary key (stream, kind, source, id)
);
create index asked_finding_open on own.asked_finding (kind) where not withdrawn;

-- How far each cross-case question has read each partition of the journal.
create table own.question_position (
    question text not null,
    epoch integer not null,
    partition integer not null,
    next_index bigint not null,
    primary key (question, epoch, partition)
);

-- How far the directory has been copied through the front door.
create table own.directory_copy (
    only_row boolean primary key default true check (only_row),
    next_offset bigint not null default 0
);
insert into own.directory_copy default values;

create index case_state_unopened on derived.case_state (stream) where status = 'unopened';

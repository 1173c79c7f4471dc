-- What somebody asked to be sent to the door again, and who agreed: never the same person.
create table own.redrive (
    id bigint generated always as identity primary key,
    asked_by text not null,
    asked_at timestamptz not null default now(),
    why text not null,
    per_minute integer not null check (per_minute > 0),
    agreed boolean,
    decided_by text,
    decided_at timestamptz,
    check ((agreed is null) = (decided_by is null)),
    check (not agreed or decided_by <> asked_by)
);

-- Its records. Their bytes are those of own.rejected; `record` is the same for the same bytes.
create table own.redriven (
    number bigint generated always as identity primary key,
    redrive bigint not null references own.redrive,
    partition integer not null,
    kafka_offset bigint not null,
    record bytea not null,
    stream uuid not null,
    source text not null,
    event_id text not null,
    -- From when it may leave; null until a second person agreed.
    due_at timestamptz,
    sent_at timestamptz,
    -- The journal had it when its turn came: nothing was sent.
    needless boolean not null default false,
    refused text,
    tried_at timestamptz,
    unique (redrive, partition, kafka_offset)
);
create index redriven_unsent on own.redriven (number) where sent_at is null and due_at is not null;
create index redriven_by_record on own.redriven (record);
create index redriven_by_stream on own.redriven (stream);

create index rejected_by_time on own.rejected (rejected_at desc, partition desc, kafka_offset desc);

create or replace view own.on_its_way as
select stream, source, event_id, created_at, sent_at
from own.submission where refused is null
union all
select aggregateid, source, event_id, created_at, sent_at
from own.outbox
where refused is null and aggregatetype = 'event'
  and type not like 'casebus.finding.%'
  and type not in ('casebus.clock.breached.v1', 'casebus.clock.breach_withdrawn.v1',
                   'casebus.clock.warned.v1', 'casebus.case.copy_due.v1')
union all
select stream, source, event_id, due_at, sent_at
from own.redriven where refused is null and due_at is not null;

-- What was handed in and stored signed, the bus sends itself (design rule 18).

-- The order in which it was handed in; and why no broker takes it, as of the last try.
alter table own.submission
    add column number bigint generated always as identity,
    add column refused text,
    add column tried_at timestamptz;
create index submission_unsent on own.submission (number) where sent_at is null;
create index submission_by_stream on own.submission (stream, number);

alter table own.outbox add column tried_at timestamptz;
drop index own.outbox_unsent;
create index outbox_unsent on own.outbox (id) where sent_at is null;

-- What may still move a clock and is stored here: nothing is told of its stream's clocks until it
-- is sent. The bus's own findings and tellings move none; what no broker takes holds nobody up.
create view own.on_its_way as
select stream, source, event_id, created_at, sent_at
from own.submission where refused is null
union all
select aggregateid, source, event_id, created_at, sent_at
from own.outbox
where refused is null and aggregatetype = 'event'
  and type not like 'casebus.finding.%'
  and type not in ('casebus.clock.breached.v1', 'casebus.clock.breach_withdrawn.v1',
                   'casebus.clock.warned.v1', 'casebus.case.copy_due.v1');

-- Breaches and lapses that a late act showed while another record of its stream was on its way:
-- the scheduler says them, if they hold when that is recorded.
create table own.clock_held (
    stream uuid not null,
    key text not null,
    kind text not null,
    held_at timestamptz not null default now(),
    primary key (stream, key, kind)
);

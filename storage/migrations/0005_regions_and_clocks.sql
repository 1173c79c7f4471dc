-- Procedures that run beside the leading one, which stands in case_state (ADR 0017).
create table derived.side_region (
    stream uuid not null,
    procedure text not null,
    status text not null,
    view jsonb not null,
    primary key (stream, procedure)
);

-- Every region of every case.
create view derived.region as
select stream, procedure, status, true as is_leading
from derived.case_state where procedure is not null
union all
select stream, procedure, status, false from derived.side_region;

alter table derived.clock
    add column procedure text not null default '',
    add column nominal date,
    add column warn_after timestamptz,
    add column lapse_after timestamptz,
    add column extended integer not null default 0,
    add column cause text not null default '';
create index clock_lapse on derived.clock (lapse_after)
    where status = 'running' and not historic and lapse_after is not null;
create index clock_warn on derived.clock (warn_after, due) where warn_after is not null;

-- What was said of clocks: that they ran out, and that they soon will (ADR 0018).
alter table own.clock_breach rename to clock_said;
alter table own.clock_said add column kind text not null default 'breached';
alter table own.clock_said drop constraint clock_breach_pkey;
alter table own.clock_said add primary key (stream, key, kind, revision);

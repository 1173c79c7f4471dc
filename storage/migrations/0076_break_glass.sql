-- An operator reads what a case says only under one of these: one asks and says why, another agrees,
-- and it ends by itself. Nothing is ever deleted here.
create table own.break_glass (
    id bigint generated always as identity primary key,
    stream uuid not null,
    asked_by text not null,
    asked_at timestamptz not null default now(),
    reason text not null check (reason <> ''),
    agreed boolean,
    decided_by text,
    decided_at timestamptz,
    ends_at timestamptz,
    check ((agreed is null) = (decided_by is null)),
    check (not agreed or decided_by <> asked_by),
    check (agreed is not true or ends_at is not null)
);
create index break_glass_by_stream on own.break_glass (stream);

-- Under which grant a look was made; null for all others.
alter table own.access add column break_glass bigint;

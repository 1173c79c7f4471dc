-- What cases say of organisations: the ground of cross-case questions (design rule 13).

-- Penalties and final judgments, by the canonical code of who was punished.
create table derived.punished (
    stream uuid not null,
    key text not null,
    uscc text not null,
    family text not null,
    offence text not null,
    kind text not null,
    decided_on date not null,
    number text not null,
    source text not null,
    id text not null,
    view jsonb not null,
    primary key (stream, key)
);
create index punished_by_uscc on derived.punished (uscc, family, decided_on);

-- What a case says an organisation did. `asking`: what other cases say may still matter to it.
create table derived.act (
    stream uuid not null,
    key text not null,
    uscc text not null,
    family text not null,
    agency text not null,
    first_on date not null,
    last_on date not null,
    unpunished boolean not null,
    asking boolean not null,
    imported boolean not null,
    source text not null,
    id text not null,
    view jsonb not null,
    primary key (stream, key)
);
create index act_by_uscc on derived.act (uscc, family);

-- Of whom something was journaled since the scheduler last asked. Rows are only added and taken
-- away: an update would let casework and the scheduler wait for each other.
create table derived.changed_organisation (
    id bigint generated always as identity primary key,
    uscc text not null,
    family text not null
);

create function derived.note_organisations() returns trigger language plpgsql as $$
begin
    insert into derived.changed_organisation (uscc, family)
    select distinct uscc, family from changed;
    return null;
end $$;
create trigger punished_is_asked_about after insert on derived.punished
    referencing new table as changed
    for each statement execute function derived.note_organisations();
create trigger punished_is_asked_about_no_more after delete on derived.punished
    referencing old table as changed
    for each statement execute function derived.note_organisations();
create trigger act_is_asked_about after insert on derived.act
    referencing new table as changed
    for each statement execute function derived.note_organisations();
create trigger act_is_asked_about_no_more after delete on derived.act
    referencing old table as changed
    for each statement execute function derived.note_organisations();

-- The last answer that each case was given.
create table own.organisation_answer (
    stream uuid not null,
    uscc text not null,
    family text not null,
    revision integer not null,
    digest text not null,
    event_id text not null,
    primary key (stream, uscc, family)
);

-- One right, all its cases: what is said of its validity in one is told in the others.

-- What a case says of a right against which something stands.
create table derived.right_said (
    stream uuid not null,
    key text not null,
    number text not null,
    kind text not null,
    event_name text not null,
    outcome text not null,
    said_on date not null,
    agency text not null,
    citation text not null,
    secret boolean not null,
    source text not null,
    id text not null,
    view jsonb not null,
    primary key (stream, key)
);
create index right_said_by_number on derived.right_said (number);

-- The rights that a running case is about (`number`), and the cases it is linked with (`linked`).
create table derived.right_use (
    stream uuid not null,
    key text not null,
    number text,
    linked uuid,
    view jsonb not null,
    primary key (stream, key)
);
create index right_use_by_number on derived.right_use (number) where number is not null;
create index right_use_by_linked on derived.right_use (linked) where linked is not null;

-- Of which right, said in which case, there may be something to tell. Rows are only added and
-- taken away: an update would let casework and the scheduler wait for each other.
create table derived.changed_right (
    id bigint generated always as identity primary key,
    stream uuid not null,
    number text not null
);

create function derived.note_rights_said() returns trigger language plpgsql as $$
begin
    insert into derived.changed_right (stream, number)
    select distinct stream, number from changed;
    return null;
end $$;
create trigger right_said_is_told after insert on derived.right_said
    referencing new table as changed
    for each statement execute function derived.note_rights_said();
create trigger right_said_is_told_no_more after delete on derived.right_said
    referencing old table as changed
    for each statement execute function derived.note_rights_said();

-- A case that appears, or changes who holds a role in it, after something was said. One that is
-- written while something is being said is found by the other's note, behind the barrier.
create function derived.note_right_uses() returns trigger language plpgsql as $$
begin
    insert into derived.changed_right (stream, number)
    select s.stream, s.number from changed c join derived.right_said s on s.number = c.number
    union
    select s.stream, s.number from changed c join derived.right_said s on s.stream = c.linked;
    return null;
end $$;
create trigger right_use_is_told after insert on derived.right_use
    referencing new table as changed
    for each statement execute function derived.note_right_uses();

-- What each case was told of a right by another one (`origin`), last.
create table own.right_told (
    origin uuid not null,
    number text not null,
    stream uuid not null,
    revision integer not null,
    kind text not null,
    digest text not null,
    -- The findings that stand, and who was told by them; both empty once they are withdrawn.
    event_ids text[] not null,
    told text[] not null,
    primary key (origin, number, stream)
);

-- What an officer has written on an act and not sent; one an officer, item and action.
create table own.draft (
    agency text not null,
    item text not null,
    action text not null,
    officer text not null,
    version integer not null,
    fields jsonb not null,
    saved_at timestamptz not null,
    primary key (agency, item, action, officer)
);

-- Who looks at an item now: officers of one agency see each other.
create table own.presence (
    agency text not null,
    item text not null,
    officer text not null,
    seen_at timestamptz not null,
    primary key (agency, item, officer)
);
create index presence_by_time on own.presence (seen_at);

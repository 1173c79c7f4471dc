-- Searches that officers keep: conditions, order and columns, as the page's address says them.
create table own.saved_view (
    id uuid primary key,
    agency text not null,
    officer text not null,
    name text not null,
    query text not null,
    -- Whether the other officers of the agency see it.
    shared boolean not null,
    saved_at timestamptz not null,
    unique (agency, officer, name)
);

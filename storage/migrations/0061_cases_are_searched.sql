-- Cases are searched by what is shown of them, and counted without reading their views (ADR 0059).

create function derived.texts_of(value jsonb) returns text[]
language sql immutable as $$
    select case when jsonb_typeof(value) = 'array'
        then array(select jsonb_array_elements_text(value)) else '{}' end
$$;

alter table derived.case_state
    -- Of what is closed only the team may know; to everybody else the three below are shown.
    add column closed boolean not null generated always as (
        coalesce(view -> 'secrecy', '[]') <> '[]' or coalesce(view -> 'regions', '[]') = '[]'
    ) stored,
    add column team text[] not null generated always as (
        derived.texts_of(coalesce(view -> 'team', '[]'))
    ) stored,
    add column closed_status text not null generated always as (
        case when procedure is null then status else 'restricted' end
    ) stored,
    add column closed_opened timestamptz not null generated always as (
        coalesce(date_trunc('month', opened_at at time zone 'UTC') at time zone 'UTC',
                 timestamptz '1970-01-01 00:00:00+00')
    ) stored,
    add column closed_changed timestamptz not null generated always as (
        case when procedure is null then updated_at
             else coalesce(date_trunc('month', opened_at at time zone 'UTC') at time zone 'UTC',
                           timestamptz '1970-01-01 00:00:00+00') end
    ) stored,
    add column opened timestamptz not null generated always as (
        coalesce(opened_at, timestamptz '1970-01-01 00:00:00+00')
    ) stored;

-- Nothing else is read to list or count what is open.
create index case_state_shown on derived.case_state (stream)
    include (closed, status, procedure, opener, opened, updated_at);
create index case_state_opened on derived.case_state (opened desc, stream);
create index case_state_by_status on derived.case_state (status, stream);
create index case_state_by_procedure on derived.case_state (procedure, stream);
create index case_state_by_opener on derived.case_state (opener, stream);
create index case_state_by_team on derived.case_state using gin (team);
create index case_state_closed_changed on derived.case_state (closed_changed desc, stream)
    where closed;
create index case_state_closed_opened on derived.case_state (closed_opened desc, stream)
    where closed;
create index side_region_by_status on derived.side_region (status, stream);
create index side_region_by_procedure on derived.side_region (procedure, stream);

alter table derived.clock
    add column breached boolean not null generated always as (
        coalesce(view -> 'breach', 'null') <> 'null'
    ) stored;
create index clock_running on derived.clock (due, stream)
    where status = 'running' and not historic;
create index clock_by_status on derived.clock (status, clock, stream);
create index clock_breached on derived.clock (clock, stream) where breached;
create index finding_by_kind on derived.finding (kind, stream);

-- Words of a title are found by the pairs of their characters: Chinese has no blanks between words.
create function derived.plain(given text) returns text
language sql immutable as $$
    select lower(normalize(left(given, 1000), NFKC))
$$;
create function derived.pairs_of(given text) returns text[]
language sql immutable cost 1000 as $$
    select coalesce(array_agg(distinct substr(word, place, size)), '{}')
    from regexp_split_to_table(given, '\s+') word, generate_series(1, 2) size,
         generate_series(1, length(word) - size + 1) place
$$;
create function derived.holds_words(given text, words text) returns boolean
language sql immutable cost 1000 as $$
    select not exists (
        select from regexp_split_to_table(words, '\s+') word where position(word in given) = 0)
$$;
alter table derived.case_state
    add column title text not null generated always as (
        derived.plain(left(coalesce(view ->> 'title', ''), 500) || ' '
                      || left(coalesce(view ->> 'title_en', ''), 490))
    ) stored,
    add column title_pairs text[] not null generated always as (
        derived.pairs_of(derived.plain(left(coalesce(view ->> 'title', ''), 500) || ' '
                                       || left(coalesce(view ->> 'title_en', ''), 490)))
    ) stored;
create index case_state_by_title on derived.case_state using gin (title_pairs);

-- Whether one may see that a case is there: who has a part in it, and who runs the installation.
create function derived.has_part(viewer text, of uuid) returns boolean
language sql stable as $$
    select viewer = 'admin' or exists (
        select from derived.party p where p.agency = viewer and p.stream = of)
$$;

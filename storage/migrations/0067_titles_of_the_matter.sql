-- The titles of a case: that of its state, of no agency, and those that agencies give its matter, each
-- text of an agency once (ADR 0064). `recipients` were sent it: they see it whatever their sector.
create table derived.title (
    stream uuid not null,
    place integer not null,
    agency text,
    recipients text[] not null,
    title text not null,
    words text not null generated always as (derived.plain(title)) stored,
    -- Apart, so that the planner knows how common a word is among what an operator sees.
    state_pairs text[] not null generated always as (
        case when agency is null then derived.pairs_of(derived.plain(title)) else '{}' end
    ) stored,
    matter_pairs text[] not null generated always as (
        case when agency is null then '{}' else derived.pairs_of(derived.plain(title)) end
    ) stored,
    primary key (stream, place)
);
-- The fold gives the others, to what it derived before this table too.
insert into derived.title (stream, place, recipients, title)
select s.stream, 0, '{}', concat_ws(' ', s.view ->> 'title', s.view ->> 'title_en')
from derived.case_state s where coalesce(s.view ->> 'title', '') <> '';
update derived.case_state set fold_version = 4 where fold_version = 5;
create index title_by_state_pairs on derived.title using gin (state_pairs);
create index title_by_matter_pairs on derived.title using gin (matter_pairs);

-- Which of these to look for. Of a long word two characters at a time: those single say no more, and
-- the planner, to whom each is another condition, would think the word far rarer than it is.
create function derived.pairs_asked(given text) returns text[]
language sql immutable cost 1000 as $$
    select coalesce(array_agg(distinct substr(word, place, size)), '{}')
    from regexp_split_to_table(given, '\s+') word,
         generate_series(case when length(word) > 2 then 2 else 1 end, 2) size,
         generate_series(1, length(word) - size + 1) place
$$;

-- They stood in the case's own row, to be written again with each of its events.
drop index derived.case_state_by_title;
alter table derived.case_state drop column title_pairs, drop column title;
drop function derived.holds_words(text, text);

-- What statistics count: what each case event says of offence, right, amounts and outcome, as its
-- author said it at the time. A correction is a further row of the event it corrects, so that a
-- figure of a past moment can be had again (docs/how-to/statistics.md).
create table derived.fact (
    stream uuid not null,
    source text not null,
    id text not null,
    -- 0 for the event as it was sent; greater for each later reading of it.
    revision bigint not null,
    type text not null,
    author text not null,
    sector text not null,
    -- As admission stamped the first copy; null in a correction's row.
    recipients text[],
    legal_on date not null,
    recorded_at timestamptz not null,
    offence text not null,
    rights text[] not null,
    secrecy text not null,
    -- The event that this one is about: a finding's, a withdrawn breach's.
    about_source text not null,
    about_id text not null,
    testdata boolean not null,
    -- Enumerations, truths, counts and amounts (fen) of the body by field.
    said jsonb not null,
    primary key (stream, source, id, revision)
);
create index fact_by_type on derived.fact (type, legal_on);
create index fact_about on derived.fact (stream, about_source, about_id) where about_id <> '';
create index fact_merged on derived.fact (stream) where type = 'case.absorbed';
create index fact_revised on derived.fact (stream, source, id, revision) where revision > 0;

-- Where agencies sit, as the directory's journaled entries say.
create table derived.agency_home (
    agency text not null,
    division text not null,
    level text not null,
    sector text not null,
    name text not null,
    recorded_at timestamptz not null,
    source text not null,
    id text not null,
    primary key (agency, source, id)
);

-- The facts that stood at a moment: the last reading recorded by then, of events that then had
-- standing, in cases that were not yet absorbed by another.
create function derived.known_fact(as_of timestamptz) returns setof derived.fact
language sql stable as $$
    select f.* from derived.fact f
    where f.recorded_at <= as_of
      and not exists (
          select from derived.fact later
          where later.revision > 0 and later.revision > f.revision and later.stream = f.stream
            and later.source = f.source and later.id = f.id and later.recorded_at <= as_of)
      and not exists (
          select from derived.fact about
          where about.about_id <> '' and about.stream = f.stream
            and about.about_source = f.source and about.about_id = f.id
            and about.recorded_at <= as_of
          having count(*) filter (where about.type <> 'finding.withdrawn')
               > count(*) filter (where about.type = 'finding.withdrawn'))
      and not exists (
          select from derived.fact merged
          where merged.type = 'case.absorbed' and merged.stream = f.stream
            and merged.recorded_at <= as_of)
$$;

-- Figures are counted over sets: one narrow index a way in, since casework pays for each row, and
-- the few facts that no longer stand listed once a query instead of looked for row by row.
alter table derived.fact drop constraint fact_pkey;
create index fact_by_stream on derived.fact (stream);
drop index derived.fact_by_type;
create index fact_by_type on derived.fact (type);
drop index derived.fact_about;
create index fact_about on derived.fact (stream) where about_id <> '';
drop index derived.fact_revised;
create index fact_revised on derived.fact (stream) where revision > 0;

create or replace function derived.known_fact(as_of timestamptz) returns setof derived.fact
language sql stable as $$
    select f.* from derived.fact f
    where f.recorded_at <= as_of
      and (f.stream, f.source, f.id, f.revision) not in (
          select earlier.stream, earlier.source, earlier.id, earlier.revision
          from derived.fact later
          join derived.fact earlier
              on earlier.stream = later.stream and earlier.source = later.source
             and earlier.id = later.id and earlier.revision < later.revision
          where later.revision > 0 and later.recorded_at <= as_of)
      and (f.stream, f.source, f.id) not in (
          select about.stream, about.about_source, about.about_id
          from derived.fact about
          where about.about_id <> '' and about.recorded_at <= as_of
          group by about.stream, about.about_source, about.about_id
          having count(*) filter (where about.type <> 'finding.withdrawn')
               > count(*) filter (where about.type = 'finding.withdrawn'))
      and f.stream not in (
          select merged.stream from derived.fact merged
          where merged.type = 'case.absorbed' and merged.recorded_at <= as_of)
$$;

-- Where each agency sat at a moment.
create function derived.home_of(as_of timestamptz) returns setof derived.agency_home
language sql stable as $$
    select distinct on (h.agency) h.* from derived.agency_home h
    where h.recorded_at <= as_of
    order by h.agency, h.recorded_at desc, h.source, h.id
$$;

-- What a case says of offence, right and secrecy.
create function derived.told_by(as_of timestamptz)
returns table (stream uuid, offence text, rights jsonb, restricted boolean)
language sql stable as $$
    select f.stream,
           (array_agg(f.offence order by f.legal_on desc, f.recorded_at desc, f.id)
            filter (where f.offence <> ''))[1],
           (array_agg(to_jsonb(f.rights) order by f.legal_on desc, f.recorded_at desc, f.id)
            filter (where f.rights <> '{}'))[1],
           bool_or(f.secrecy not in ('', 'NONE') or 'TRADE_SECRET' = any(f.rights)
                   or f.offence like '219%')
    from derived.known_fact(as_of) f
    where f.offence <> '' or f.rights <> '{}' or f.secrecy not in ('', 'NONE')
    group by f.stream
$$;
create index fact_telling on derived.fact (stream)
    where offence <> '' or rights <> '{}' or secrecy not in ('', 'NONE');

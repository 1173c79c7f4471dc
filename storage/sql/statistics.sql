-- name: add_homes
insert into derived.agency_home (agency, division, level, sector, name, recorded_at, source, id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[], $7::text[], $8::text[])
on conflict do nothing;

-- name: home
select h.division, h.sector, h.level, h.name from derived.agency_home h
where h.agency = $1 and h.recorded_at <= $2
order by h.recorded_at desc limit 1;

-- name: over_sets
-- The planner guesses few rows behind a common table and would look each up by reading it all.
set local enable_nestloop = off; set local jit = off; set local work_mem = '64MB';

-- name: counted
-- What an indicator counts: its events, or of each case the first of them; a case or event is `met`
-- when one of the types in $7 follows it. Legal time decides the period, recorded time what is known.
-- An agency's own figures are of what it sent or was sent ($10): of a case the first such event, and
-- not the case's first, of which it may have heard nothing.
with homes as materialized (
    select agency, division from derived.home_of($3)
), stood as (
    select k.stream, k.source, k.id, k.author, k.sector, k.legal_on, k.testdata, k.said,
           k.revision, k.recipients, k.offence, k.rights
    from derived.known_fact($3) k
    where k.type = any($1::text[])
      and ($2::jsonb = '{}' or not exists (
          select from jsonb_each($2::jsonb) wanted
          where not wanted.value ? coalesce(k.said ->> wanted.key, '')))
      and ($10::text is null or k.author = $10 or $10 = any(k.recipients)
           -- A later reading says nothing of recipients: they are those of the event as sent.
           or k.revision > 0 and exists (
               select from derived.fact first
               where first.stream = k.stream and first.source = k.source and first.id = k.id
                 and first.revision = 0 and $10 = any(first.recipients)))
), base as materialized (
    select distinct on (
        stream, case when $6 = 'event' then source end, case when $6 = 'event' then id end) *
    from stood
    order by stream, case when $6 = 'event' then source end, case when $6 = 'event' then id end,
             legal_on, source, id
), sent as materialized (
    select b.*, coalesce(b.recipients, first.recipients, '{}') as agencies
    from base b
    left join derived.fact first
        on b.revision > 0 and first.stream = b.stream and first.source = b.source
       and first.id = b.id and first.revision = 0
    where b.legal_on between $4 and $5
), told as materialized (
    select * from derived.told_by($3) t
    where ($14::boolean or 'offence' = any($11::text[]) or 'right' = any($11::text[]))
      and t.stream not in (select closed.stream from derived.closed_to($10) closed)
), placed as materialized (
    select s.*, home.division, coalesce(nullif(s.offence, ''), told.offence, '') as stated_offence,
           case when s.rights <> '{}' then to_jsonb(s.rights)
                else coalesce(told.rights, '[]') end as stated_rights,
           $14::boolean and coalesce(told.restricted, false) as hidden
    from sent s
    left join homes home on home.agency = s.author
    left join told on told.stream = s.stream
    where $16::text = '' or home.division like $16 || '%'
), away as (
    select distinct p.stream, p.source, p.id
    from placed p cross join lateral unnest(p.agencies) r(agency)
    join homes other on other.agency = r.agency
    where $9::text is not null and left(other.division, 2) <> '00'
      and (left(other.division, 2) <> left(p.division, 2)
           or ($9 = 'other_city' and substr(other.division, 3, 2) <> '00'
               and substr(p.division, 3, 2) <> '00'
               and left(other.division, 4) <> left(p.division, 4)))
), done as (
    select p.stream, p.source, p.id, min(w.legal_on) - p.legal_on as days
    from placed p
    join derived.known_fact($3) w
        on w.stream = p.stream and w.legal_on >= p.legal_on
       and (w.source, w.id) <> (p.source, p.id)
    where w.type = any($7::text[]) and w.legal_on <= $17::date
      -- What came of its own acts in a secret case in which it holds no role.
      and p.stream not in (select closed.stream from derived.closed_to($10) closed)
      and ($15::jsonb = '{}' or not exists (
          select from jsonb_each($15::jsonb) wanted
          where not wanted.value ? coalesce(w.said ->> wanted.key, '')))
    group by p.stream, p.source, p.id, p.legal_on
), framed as (
    select p.*, done.days,
           case when $9 is not null then away.stream is not null
                else done.days is not null and done.days <= coalesce($8::integer, done.days)
                end as met
    from placed p
    left join done on done.stream = p.stream and done.source = p.source and done.id = p.id
    left join away on away.stream = p.stream and away.source = p.source and away.id = p.id
    -- A place that is asked for would be told of a restricted case.
    where not p.hidden or ($16 = '' and not $18::boolean)
), shown as (
    select
        case when 'month' = any($11) then to_char(legal_on, 'YYYY-MM') end as month,
        case when 'division' = any($11) then case when hidden then '*' else coalesce(division, '') end
             end as division,
        case when 'city' = any($11) then case when hidden then '*'
             when division is null then '' else left(division, 4) || '00' end end as city,
        case when 'province' = any($11) then case when hidden then '*'
             when division is null then '' else left(division, 2) || '0000' end end as province,
        case when 'agency' = any($11) then case when hidden then '*' else author end end as agency,
        case when 'sector' = any($11) then case when hidden then '*' else sector end end as sector,
        case when 'offence' = any($11) then case when hidden then '*' else stated_offence end
             end as offence,
        case when 'right' = any($11) then case when hidden then '*'
             when jsonb_array_length(stated_rights) > 1 then 'MULTIPLE'
             else coalesce(stated_rights ->> 0, '') end end as "right",
        case when 'value' = any($11) then case when hidden then '*'
             else coalesce(said ->> $12, '') end end as value,
        stream, legal_on, false as late, hidden, met, days, testdata,
        case when jsonb_typeof(said -> $13) = 'number' then (said ->> $13)::numeric end as amount
    from framed
)

-- name: figures
-- One row a group, and one without dimensions over all of them.
select month, division, city, province, agency, sector, offence, "right", value,
       count(*) as count,
       count(*) filter (where met) as met,
       count(*) filter (where testdata) as testdata,
       sum(amount) filter (where not hidden) as amount,
       percentile_cont(0.5) within group (order by days) filter (where met) as median,
       grouping(month) = 1 as is_total
from shown
group by grouping sets ((month, division, city, province, agency, sector, offence, "right", value), ())
order by is_total, month, division, city, province, agency, sector, offence, "right", value;

-- name: timed
-- Per clock: every trigger, the first act after it that stops the clock, and whether the bus said
-- that the period ran out. $1 to $4, $14: rows of (clock, trigger, when, unless, whether it starts
-- the clock only where no other trigger did before); $5, $6: (clock, stop).
with homes as materialized (
    select agency, division from derived.home_of($7)
), starting as (
    select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $14::boolean[])
        as s(clock, type, when_said, unless_said, ensures)
), stopping as (
    select * from unnest($5::text[], $6::text[]) as s(clock, type)
), known as materialized (
    select k.stream, k.source, k.id, k.type, k.author, k.sector, k.legal_on, k.testdata,
           k.offence, k.rights, k.said, k.revision, k.recipients
    from derived.known_fact($7) k
    where k.type = any($2) or k.type = any($6) or k.type = 'clock.breached'
), told as materialized (
    select * from derived.told_by($7) where $12::boolean
), begun as materialized (
    select s.clock, k.stream, k.source, k.id, k.author, k.sector, k.legal_on, k.testdata,
           k.offence, k.rights, home.division
    from starting s
    join known k on k.type = s.type
    left join derived.fact first
        on k.revision > 0 and first.stream = k.stream and first.source = k.source
       and first.id = k.id and first.revision = 0
    left join homes home on home.agency = k.author
    left join told on told.stream = k.stream
    where k.legal_on between $8 and $9
      and (s.when_said = '{}' or not exists (
          select from jsonb_each(s.when_said) w
          where not w.value ? coalesce(k.said ->> w.key, '')))
      and (s.unless_said = '{}' or not exists (
          select from jsonb_each(s.unless_said) w
          where w.value ? coalesce(k.said ->> w.key, '')))
      and ($10::text is null or k.author = $10
           or $10 = any(coalesce(k.recipients, first.recipients)))
      and ($13::text = '' or home.division like $13 || '%')
      and not coalesce(told.restricted, false)
      and (not s.ensures or not exists (
          select from known before
          join starting other on other.type = before.type
          where before.stream = k.stream and before.legal_on <= k.legal_on
            and other.clock = s.clock and not other.ensures))
), ended as (
    select b.clock, b.stream, b.source, b.id, min(w.legal_on) - b.legal_on as days
    from begun b
    join stopping s on s.clock = b.clock
    join known w on w.stream = b.stream and w.type = s.type and w.legal_on >= b.legal_on
    where (w.source, w.id) <> (b.source, b.id)
      and b.stream not in (select closed.stream from derived.closed_to($10) closed)
    group by b.clock, b.stream, b.source, b.id, b.legal_on
), late as (
    select distinct k.stream, k.said ->> 'clock' as clock, k.said ->> 'trigger' as trigger
    from known k where k.type = 'clock.breached'
      and k.stream not in (select closed.stream from derived.closed_to($10) closed)
), shown as (
    select b.clock as value,
        case when 'month' = any($11::text[]) then to_char(b.legal_on, 'YYYY-MM') end as month,
        case when 'division' = any($11) then coalesce(b.division, '') end as division,
        case when 'city' = any($11) then coalesce(left(b.division, 4) || '00', '') end as city,
        case when 'province' = any($11) then coalesce(left(b.division, 2) || '0000', '') end
            as province,
        case when 'agency' = any($11) then b.author end as agency,
        case when 'sector' = any($11) then b.sector end as sector,
        case when 'offence' = any($11) then b.offence end as offence,
        case when 'right' = any($11) then coalesce(b.rights[1], '') end as "right",
        b.stream, b.legal_on, false as hidden, ended.days is not null as met,
        ended.days, late.clock is not null as late, b.testdata
    from begun b
    left join ended on ended.clock = b.clock and ended.stream = b.stream
        and ended.source = b.source and ended.id = b.id
    left join late on late.stream = b.stream and late.clock = b.clock
        and late.trigger = b.source || ' ' || b.id
)

-- name: steps
select month, division, city, province, agency, sector, offence, "right", value,
       count(*) as count, count(days) as met, count(*) filter (where testdata) as testdata,
       null::numeric as amount,
       percentile_cont(0.5) within group (order by days) as median,
       count(*) filter (where late) as overdue,
       false as is_total
from shown
group by value, month, division, city, province, agency, sector, offence, "right"
order by value, month, division, city, province, agency, sector, offence, "right";

-- name: listed
-- The cases of one cell that the agency has a part in, the last first. A cell is named by what its
-- row says of each dimension.
, cell as (
    select stream, max(legal_on) as counted_on from shown
    where not hidden
      and not exists (
          select from jsonb_each_text({cell}::jsonb) named
          where named.value <> coalesce(to_jsonb(shown) ->> named.key, ''))
      and case {part}::text when 'met' then met when 'unmet' then not met when 'late' then late
               else true end
    group by stream
), seen as (
    select cell.* from cell join derived.party p on p.stream = cell.stream and p.agency = {viewer}
)
select s.stream, s.procedure, s.status, s.opener, s.opened_at, s.updated_at, s.view,
       seen.counted_on, (select count(*) from seen) as total
from seen join derived.case_state s on s.stream = seen.stream
where {day}::date is null or seen.counted_on < {day}
   or (seen.counted_on = {day} and seen.stream > {stream}::uuid)
order by seen.counted_on desc, seen.stream
limit {limit};

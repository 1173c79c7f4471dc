-- name: add_homes
insert into derived.agency_home (agency, division, level, sector, name, recorded_at, source, id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[], $7::text[], $8::text[])
on conflict do nothing;

-- name: home
select h.division, h.sector, h.level, h.name from derived.agency_home h
where h.agency = $1 and h.recorded_at <= $2
order by h.recorded_at desc limit 1;

-- name: figures
-- One row a group, and one without dimensions over all of them. An indicator counts its events,
-- or of each case the first of them; a case or event is `met` when one of the types in $7 follows
-- it. Legal time decides the period, recorded time what is known.
with stood as materialized (
    select k.stream, k.source, k.id, k.type, k.author, k.sector, k.legal_on, k.testdata, k.said,
           coalesce(k.recipients, (
               select sent.recipients from derived.fact sent
               where sent.stream = k.stream and sent.source = k.source and sent.id = k.id
                 and sent.revision = 0)) as recipients,
           k.offence, k.rights
    from derived.known_fact($3) k
    where k.type = any($1::text[])
      and not exists (
          select from jsonb_each($2::jsonb) wanted
          where not wanted.value ? coalesce(k.said ->> wanted.key, ''))
), base as (
    select distinct on (
        stream, case when $6 = 'event' then source end, case when $6 = 'event' then id end) *
    from stood
    order by stream, case when $6 = 'event' then source end, case when $6 = 'event' then id end,
             legal_on, source, id
), placed as (
    select b.*, home.division,
           coalesce(nullif(b.offence, ''), about.offence, '') as stated_offence,
           case when cardinality(b.rights) > 0 then b.rights else about.rights end as stated_rights,
           coalesce(about.restricted, false) as restricted,
           exists (
               select from unnest(b.recipients) r(agency)
               join lateral (
                   select h.division from derived.agency_home h
                   where h.agency = r.agency and h.recorded_at <= $3
                   order by h.recorded_at desc limit 1) other on true
               where left(other.division, 2) not in ('00', left(home.division, 2))
           ) as to_other_province,
           exists (
               select from unnest(b.recipients) r(agency)
               join lateral (
                   select h.division from derived.agency_home h
                   where h.agency = r.agency and h.recorded_at <= $3
                   order by h.recorded_at desc limit 1) other on true
               where substr(other.division, 3, 2) <> '00' and substr(home.division, 3, 2) <> '00'
                 and left(other.division, 4) <> left(home.division, 4)
           ) as to_other_city
    from base b
    left join lateral (
        select h.division from derived.agency_home h
        where h.agency = b.author and h.recorded_at <= $3
        order by h.recorded_at desc limit 1) home on true
    left join lateral (
        select (array_agg(f.offence order by f.legal_on desc, f.recorded_at desc, f.id)
                filter (where f.offence <> ''))[1] as offence,
               (array_agg(to_jsonb(f.rights) order by f.legal_on desc, f.recorded_at desc, f.id)
                filter (where cardinality(f.rights) > 0))[1] as rights_json,
               bool_or(f.secrecy not in ('', 'NONE') or 'TRADE_SECRET' = any(f.rights)
                       or f.offence like '219%') as restricted
        from derived.known_fact($3) f where f.stream = b.stream
    ) raw on true
    left join lateral (
        select raw.offence, raw.restricted,
               array(select jsonb_array_elements_text(coalesce(raw.rights_json, '[]'))) as rights
    ) about on true
    where b.legal_on between $4 and $5
      and ($10::text is null or b.author = $10 or $10 = any(b.recipients))
), framed as (
    select p.*, $14::boolean and p.restricted as hidden, done.days as days,
           case $9::text
               when 'other_city' then p.to_other_city or p.to_other_province
               when 'other_province' then p.to_other_province
               else done.days is not null and done.days <= coalesce($8::integer, done.days) end as met
    from placed p
    left join lateral (
        select min(w.legal_on) - p.legal_on as days
        from derived.known_fact($3) w
        where w.stream = p.stream and w.type = any($7::text[])
          and w.legal_on between p.legal_on and $17::date
          and (w.source, w.id) is distinct from (p.source, p.id)
          and not exists (
              select from jsonb_each($15::jsonb) wanted
              where not wanted.value ? coalesce(w.said ->> wanted.key, ''))
    ) done on true
    where ($16::text = '' or (p.division like $16 || '%' and not ($14 and p.restricted)))
), shown as (
    select
        case when 'month' = any($11::text[]) then to_char(legal_on, 'YYYY-MM') end as month,
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
             when cardinality(stated_rights) > 1 then 'MULTIPLE'
             else coalesce(stated_rights[1], '') end end as "right",
        case when 'value' = any($11) then case when hidden then '*'
             else coalesce(said ->> $12, '') end end as value,
        hidden, met, days, testdata,
        case when jsonb_typeof(said -> $13) = 'number' then (said ->> $13)::numeric end as amount
    from framed
    where not ($18::boolean and hidden)
)
select month, division, city, province, agency, sector, offence, "right", value,
       count(*) as count,
       count(*) filter (where met) as met,
       count(*) filter (where testdata) as testdata,
       sum(amount) filter (where not hidden) as amount,
       count(amount) filter (where not hidden) as amounts,
       percentile_cont(0.5) within group (order by days) filter (where met) as median,
       grouping(month) = 1 as is_total
from shown
group by grouping sets ((month, division, city, province, agency, sector, offence, "right", value), ())
order by is_total, month, division, city, province, agency, sector, offence, "right", value;

-- name: steps
-- Per clock: every trigger, the first act after it that stops the clock, and whether the bus said
-- that the period ran out. $1 to $4: rows of (clock, trigger, when, unless); $5, $6: (clock, stop).
with starting as (
    select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[])
        as s(clock, type, when_said, unless_said)
), stopping as (
    select clock, array_agg(type) as types from unnest($5::text[], $6::text[]) as s(clock, type)
    group by clock
), begun as materialized (
    select s.clock, k.stream, k.source, k.id, k.author, k.sector, k.legal_on, k.recorded_at,
           k.testdata, k.offence, k.rights, coalesce(k.recipients, '{}') as recipients
    from starting s join derived.known_fact($7) k on k.type = s.type
    where k.legal_on between $8 and $9
      and not exists (select from jsonb_each(s.when_said) w
                      where not w.value ? coalesce(k.said ->> w.key, ''))
      and not exists (select from jsonb_each(s.unless_said) w
                      where w.value ? coalesce(k.said ->> w.key, ''))
      and ($10::text is null or k.author = $10 or $10 = any(k.recipients))
), placed as (
    select b.*, home.division,
           coalesce((select bool_or(f.secrecy not in ('', 'NONE') or 'TRADE_SECRET' = any(f.rights)
                             or f.offence like '219%')
                     from derived.known_fact($7) f where f.stream = b.stream), false) as restricted
    from begun b
    left join lateral (
        select h.division from derived.agency_home h
        where h.agency = b.author and h.recorded_at <= $7
        order by h.recorded_at desc limit 1) home on true
), timed as (
    select p.*,
           (select min(w.legal_on) - p.legal_on
            from derived.known_fact($7) w join stopping s on s.clock = p.clock
            where w.stream = p.stream and w.type = any(s.types) and w.legal_on >= p.legal_on
              and (w.source, w.id) is distinct from (p.source, p.id)) as days,
           exists (select from derived.known_fact($7) l
                   where l.stream = p.stream and l.type = 'clock.breached'
                     and l.said ->> 'clock' = p.clock
                     and l.said ->> 'trigger' = p.source || ' ' || p.id) as late
    from placed p
    where ($13::text = '' or p.division like $13 || '%') and not ($12::boolean and p.restricted)
), shown as (
    select clock as value,
        case when 'month' = any($11::text[]) then to_char(legal_on, 'YYYY-MM') end as month,
        case when 'division' = any($11) then coalesce(division, '') end as division,
        case when 'city' = any($11) then coalesce(left(division, 4) || '00', '') end as city,
        case when 'province' = any($11) then coalesce(left(division, 2) || '0000', '') end as province,
        case when 'agency' = any($11) then author end as agency,
        case when 'sector' = any($11) then sector end as sector,
        case when 'offence' = any($11) then offence end as offence,
        case when 'right' = any($11) then coalesce(rights[1], '') end as "right",
        days, late, testdata
    from timed
)
select month, division, city, province, agency, sector, offence, "right", value,
       count(*) as count, count(days) as met, count(*) filter (where testdata) as testdata,
       null::numeric as amount, 0::bigint as amounts,
       percentile_cont(0.5) within group (order by days) as median,
       count(*) filter (where late) as overdue,
       false as is_total
from shown
group by value, month, division, city, province, agency, sector, offence, "right"
order by value, month, division, city, province, agency, sector, offence, "right";

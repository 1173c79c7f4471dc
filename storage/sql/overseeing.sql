-- name: owed
-- What runs and is over or soon will be, and what was done too late; a case counts once a clock and
-- once an agency, however many clocks of a kind it has. Totals have no clock, the last no agency.
-- Of a closed case only its team sees the clocks (ADR 0043); the two sorts of cases are looked up
-- apart, so that an index alone says which are open, and no case is read.
with clocks as (
    select c.stream, c.actor, c.clock, c.due, false as is_done from derived.clock c
    where c.status = 'running' and not c.historic and c.due < $3
    union all
    select c.stream, c.actor, c.clock, null, true from derived.clock c
    where c.status = 'met_late' and not c.historic
), owed as materialized (
    select c.* from clocks c
    where c.stream in (select p.stream from derived.party p where p.agency = $1)
      and ($4::text is null or c.actor = $4)
      and ($5::text[] is null or c.actor = any($5))
), shown as (
    select o.* from owed o join derived.case_state s on s.stream = o.stream where not s.closed
    union all
    select o.* from owed o join derived.case_state s on s.stream = o.stream
    where s.closed and s.team @> array[$1::text]
)
select o.actor as agency, o.clock,
       count(distinct o.stream) filter (where not is_done and o.due < $2) as overdue,
       min(o.due) filter (where not is_done and o.due < $2) as since,
       count(distinct o.stream) filter (where not is_done and o.due >= $2) as soon,
       count(distinct o.stream) filter (where is_done) as late
from shown o
group by grouping sets ((o.actor, o.clock), (o.actor), ())
order by grouping(o.actor, o.clock), overdue desc, since, agency, clock;

-- name: omissions
-- Of each case and each agency that owes the transfer the earliest finding; to who sees figures.
with found as (
    select f.stream, coalesce(f.view -> 'detail' ->> 'agency', '') as agency,
           coalesce(min(nullif(f.view -> 'detail' ->> 'due', '')::timestamptz),
                    timestamptz '9999-12-31Z') as since,
           (array_agg(f.view -> 'detail' order by f.view -> 'detail' ->> 'clock'))[1] as detail
    from derived.finding f
    where f.kind = 'omission'
    group by 1, 2
), seen as (
    select found.* from found
    join derived.case_state s on s.stream = found.stream
    where (not s.closed or s.team @> array[$1::text]) and ($2::boolean or s.team @> array[$1])
      and found.stream in (select p.stream from derived.party p where p.agency = $1)
      and ($3::text is null or found.agency = $3)
      and ($4::text[] is null or found.agency = any($4))
)
select s.stream, s.procedure, s.status, s.opener, s.opened_at, s.updated_at, s.view,
       seen.agency, seen.since, seen.detail, (select count(*) from seen) as total
from seen join derived.case_state s on s.stream = seen.stream
where $5::timestamptz is null or (seen.since, seen.stream, seen.agency) > ($5, $6::uuid, $7::text)
order by seen.since, seen.stream, seen.agency
limit $8;

-- name: unanswered
-- Of each case and each agency that has to answer one row: since when it is asked, and until when.
with asked as (
    select w.stream, w.agency, array_agg(distinct w.duty) as duties,
           coalesce(min(w.due), timestamptz '9999-12-31Z') as due,
           min(e.recorded_at) as since, coalesce(min(e.author), '') as asker
    from derived.work_item w
    left join derived.event e on e.stream = w.stream
        and e.source = w.view -> 'opened_by' ->> 'source' and e.id = w.view -> 'opened_by' ->> 'id'
    where w.is_open and w.view ->> 'procedure' = 'reverse_referral' and w.duty = any($9::text[])
      and not coalesce((w.view ->> 'historic')::boolean, false)
    group by w.stream, w.agency
), seen as (
    select asked.* from asked
    join derived.case_state s on s.stream = asked.stream
    where (not s.closed or s.team @> array[$1::text]) and ($2::boolean or s.team @> array[$1])
      and asked.stream in (select p.stream from derived.party p where p.agency = $1)
      and ($3::text is null or asked.agency = $3)
      and ($4::text[] is null or asked.agency = any($4))
)
select s.stream, s.procedure, s.status, s.opener, s.opened_at, s.updated_at, s.view,
       seen.agency, seen.duties, seen.due, seen.since, seen.asker,
       (select count(*) from seen) as total
from seen join derived.case_state s on s.stream = seen.stream
where $5::timestamptz is null or (seen.due, seen.stream, seen.agency) > ($5, $6::uuid, $7::text)
order by seen.due, seen.stream, seen.agency
limit $8;

-- name: breached
-- Periods that ran out by a past moment, by who had to act: as the bus had told it by then and had
-- not taken back. It stands while the act that ended the period was not recorded by then.
with told as (
    select k.stream, k.legal_on, k.said ->> 'clock' as clock, k.said ->> 'trigger' as trigger
    from derived.known_fact($2::timestamptz) k
    where k.type = 'clock.breached' and k.legal_on <= $4::date
), seen as (
    select told.stream, told.legal_on, told.clock, coalesce(c.actor, '') as agency, c.due,
           not exists (
               select from derived.event e
               where e.stream = c.stream and e.source = c.view -> 'stopped_by' ->> 'source'
                 and e.id = c.view -> 'stopped_by' ->> 'id' and e.recorded_at <= $2) as stands
    from told
    join derived.case_state s on s.stream = told.stream
    left join derived.clock c on c.stream = told.stream and c.clock = told.clock
        and (c.view -> 'trigger' ->> 'source') || ' ' || (c.view -> 'trigger' ->> 'id') = told.trigger
    where (not s.closed or s.team @> array[$1::text])
      and told.stream in (select p.stream from derived.party p where p.agency = $1)
)
select agency, clock, count(distinct stream) filter (where legal_on >= $3::date) as missed,
       count(distinct stream) filter (where stands) as standing,
       min(due) filter (where stands) as since
from seen group by agency, clock
having count(*) filter (where legal_on >= $3 or stands) > 0
order by agency, clock;

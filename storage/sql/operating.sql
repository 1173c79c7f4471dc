-- name: places
select service, topic, partition, done, ends, rate, waits_since,
       coalesce(extract(epoch from now() - waits_since), 0)::float8 as oldest
from own.place order by service, topic, partition;

-- name: flow
-- Who sent how many events to whom. A case of which an operator sees only that it is there is not
-- told of: who sent whom an event in it would be.
select e.author, r.agency as recipient, count(*)::integer as events, max(e.recorded_at) as last_at
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
join derived.case_state s on s.stream = e.stream and not s.closed
cross join lateral unnest(e.recipients) r(agency)
where r.agency <> e.author
group by e.author, r.agency
order by events desc, e.author, r.agency;

-- name: left_out
select count(*)::integer
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
left join derived.case_state s on s.stream = e.stream
where s.closed is not false;

-- name: last_sent
-- The last events of each agency, with what their own clocks said.
select a.agency, e.recorded_at, j.headers
from unnest($1::text[]) a(agency)
cross join lateral (
    select * from derived.event e where e.author = a.agency
    order by e.recorded_at desc limit $2) e
join derived.journal j
    on (j.epoch, j.partition, j.log_index) = (e.epoch, e.partition, e.log_index)
order by a.agency, e.recorded_at desc;

-- name: last_read
-- When each agency asked the gateway last, and confirmed last that it has an event.
select a.agency, asked.at as asked_at, retrieved.at as retrieved_at
from unnest($1::text[]) a(agency)
left join lateral (
    select at from own.access x where x.agency = a.agency order by at desc limit 1) asked on true
left join lateral (
    select max(h.at) as at
    from derived.journal_position p
    cross join lateral (
        select at from derived.hand_over h
        where h.agency = a.agency and h.step = 'retrieved'
          and (h.epoch, h.partition) = (p.epoch, p.partition)
        order by h.log_index desc limit 1) h) retrieved on true
order by a.agency;

-- name: unread
-- Of what was sent to each agency lately: how much it has not opened, or confirmed.
select r.agency, count(*)::integer as sent,
       (count(*) filter (where h.at is null))::integer as unread,
       min(e.recorded_at) filter (where h.at is null) as oldest_at
from unnest($1::text[]) a(agency)
join derived.event e on e.author = a.agency and e.recorded_at >= now() - $2::interval
cross join lateral unnest(e.recipients) r(agency)
left join derived.hand_over h
    on (h.stream, h.source, h.id, h.agency, h.step)
     = (e.stream, e.source, e.id, r.agency, 'retrieved')
where r.agency <> e.author
group by r.agency order by r.agency;

-- name: gaps
select split_part(f.view -> 'event' ->> 'source', '/', 1) as agency, count(*)::integer as gaps
from derived.finding f where f.kind = 'gap'
group by 1 order by 1;

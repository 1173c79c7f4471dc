-- name: note
insert into own.access (at, agency, method, route, stream, source, event_id, status,
                        officer, reason, break_glass)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: accesses
select a.at, a.agency, a.method, a.route, a.status, a.officer, a.reason,
       a.break_glass, g.reason as break_glass_reason
from own.access a
left join own.break_glass g on g.id = a.break_glass
where a.stream = $1
order by a.id desc limit $2;

-- name: readers
-- Whom the gateway showed the body of an event, alone or in its case's history, and when first.
select a.agency, min(a.at) as at
from own.access a
where a.stream = $1 and a.status = 200 and a.at >= $4 and a.at < $5
  -- An operator is shown no body, but under a grant.
  and (a.break_glass is not null or split_part(a.agency, '/', 1) <> 'admin')
  and (a.break_glass is not null
       or a.route in ('/v1/cases/{case}/history', '/console/cases/{case}',
                      '/console/print/case/{case}', '/console/work/{key}')
       or (a.route in ('/v1/inbox/{source}/{event_id}',
                       '/console/cases/{case}/events/{source}/{event_id}',
                       '/console/print/letter/{source}/{event_id}') and exists (
           select from unnest($2::text[], $3::text[]) as k(source, id)
           where k.source = a.source and k.id = a.event_id)))
group by a.agency
order by at, a.agency;

-- name: streams_of
-- The cases of events, and of the work items whose source is not said.
select a.source, a.id, e.stream
from unnest($1::text[], $2::text[]) as a(source, id)
-- `offset 0` keeps it a look-up for each: joined, all events would be read into a hash.
cross join lateral (
    select e.stream from derived.event e where e.source = a.source and e.id = a.id offset 0) e
union
select a.source, a.id, w.stream
from unnest($1::text[], $2::text[]) as a(source, id)
join derived.work_item w on a.source = '' and w.key = a.id
order by source, id, stream;

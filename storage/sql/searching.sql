-- name: planned_anew
-- One agency has five cases and the next one all of them: no plan is good for both.
set local plan_cache_mode = force_custom_plan; set local jit = off; set local work_mem = '32MB';
set local max_parallel_workers_per_gather = 0;

-- name: page
-- Only what is shown is read whole.
with found as (
    select * from ({branches}) either order by place {direction}, stream {ties} limit {limit}
)
select s.stream, s.procedure, s.status, s.opener, s.version, s.opened_at, s.updated_at, s.view,
       found.place
from found join derived.case_state s on s.stream = found.stream
order by found.place {direction}, s.stream {ties};

-- name: counts
select value, count(*) as count from ({branches}) either group by value order by count desc, value;

-- name: page_of
(select s.stream, {key} as place from derived.case_state s {also} where {conditions}
 order by {key} {direction}, s.stream {ties} limit {limit})

-- name: count_of
select {key} as value from derived.case_state s {also} where {conditions}

-- name: is_part
s.stream in (select p.stream from derived.party p where p.agency = {viewer}::text)

-- name: in_team
s.team @> array[{viewer}::text]

-- name: next_due
left join (
    select c.stream, min(c.due) as due from derived.clock c
    where c.status = 'running' and not c.historic group by c.stream
) next_due on next_due.stream = s.stream

-- name: status
-- `union`, here and below: so the planner knows that each case comes once, and how many come.
s.stream in (
    select k.stream from derived.case_state k where k.status = {value}::text
    union
    select r.stream from derived.side_region r where r.status = {value}::text)

-- name: procedure
s.stream in (
    select k.stream from derived.case_state k where k.procedure = {value}::text
    union
    select r.stream from derived.side_region r where r.procedure = {value}::text)

-- name: agency
s.stream in (
    select k.stream from derived.case_state k where k.opener = {value}::text
    union
    select k.stream from derived.case_state k where k.team @> array[{value}::text])

-- name: openers
s.opener = any({value}::text[])

-- name: clock
s.stream in (select c.stream from derived.clock c where {clock})

-- name: finding
s.stream in (select f.stream from derived.finding f where f.kind = {value}::text)

-- name: offence
s.offences @> array[{value}::text]

-- name: event
s.stream in (select e.stream from derived.event e where e.id = {value}::text)

-- name: own_event
-- What it wrote or was sent.
s.stream in (
    select e.stream from derived.event e
    where e.id = {value}::text
      and (e.author = {viewer}::text or e.recipients @> array[{viewer}::text]))

-- name: trace
s.stream in (
    select j.stream from derived.journal j where derived.trace_of(j.headers) = {value}::bytea)

-- name: own_trace
-- Event by event: however many the planner expects, a trace has a few.
s.stream in (
    select own.stream from derived.journal j
    cross join lateral (
        select e.stream from derived.event e
        where e.stream = j.stream and e.source = j.source and e.id = j.event_id
          and (e.author = {viewer}::text or e.recipients @> array[{viewer}::text])
        offset 0) own
    where derived.trace_of(j.headers) = {value}::bytea)

-- name: organisation
s.stream in (
    select t.stream from derived.trait t where t.kind = 'codes' and t.value = {value}::text)

-- name: number
s.stream in (select n.stream from derived.number n where n.value = {value}::text)

-- name: known_number
-- Of its team's cases any, of others those that it gave.
s.stream in (
    select n.stream from derived.number n
    join derived.case_state k on k.stream = n.stream
    where n.value = {value}::text
      and (n.agency = {viewer}::text or k.team @> array[{viewer}::text]))

-- name: own_number
s.stream in (
    select n.stream from derived.number n
    where n.value = {value}::text and n.agency = {viewer}::text)

-- name: title
s.stream in (select t.stream from derived.title t where {holds})

-- name: state_holds
t.state_pairs @> derived.pairs_asked(derived.plain({value}::text))

-- name: either_holds
(t.state_pairs @> derived.pairs_asked(derived.plain({value}::text))
    or t.matter_pairs @> derived.pairs_asked(derived.plain({value}::text)))

-- name: holds_word
position(derived.plain({value}::text) in t.words) > 0

-- name: title_seen
-- Who sees no bodies of others was sent it, has said it, or holds a role in the case.
(t.agency is null or t.agency = {viewer}::text or t.recipients @> array[{viewer}::text]
    or exists (select from derived.case_state k
               where k.stream = t.stream and k.team @> array[{viewer}::text]))

-- name: next_dues
-- What a case falls due by next: as its order by `due` has it.
select distinct on (c.stream) c.stream, c.due, coalesce(c.view ->> 'provisional', '') = 'true' as provisional
from derived.clock c
where c.stream = any($1::uuid[]) and c.status = 'running' and not c.historic and c.due is not null
order by c.stream, c.due;

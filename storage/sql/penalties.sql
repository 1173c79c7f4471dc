-- name: entered
-- Of each penalty (place) a case of the office that may be told to who asks: by number, with the day
-- where the number has no year; else by day and party.
select l.place, c.stream
from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[])
    as l(place, asker, office, number, day, party)
cross join lateral (
    select n.stream from derived.number n
    where l.number <> '' and n.value = l.number and n.agency = l.office and n.kind <> 'question_no'
      and (l.day is null or exists (
          select from derived.fact f where f.stream = n.stream
            and f.author = l.office and f.legal_on = l.day and f.type = any($7::text[])))
    union
    select t.stream from derived.trait t
    where l.number = '' and t.kind in ('codes', 'names') and t.value = l.party
      and exists (
          select from derived.fact f where f.stream = t.stream
            and f.author = l.office and f.legal_on = l.day and f.type = any($7::text[]))
) c
join derived.case_state s on s.stream = c.stream
where derived.may_tell(array[l.asker], s.view)
order by l.place, c.stream;

-- name: standing
-- The asker's own questions of these streams; one that no fold can read was asked.
select s.stream,
       case when s.status in ('explained', 'entered', 'withdrawn') then s.status else 'asked' end
           as status
from derived.case_state s
where s.stream = any($2::uuid[]) and s.procedure = 'penalty_entry'
  and split_part(s.opener, '/', 1) = $1;

-- name: is_asked
select exists (select from derived.number where kind = 'question_no');

-- name: touched
select distinct j.stream from derived.journal j
where j.epoch = $1 and j.partition = $2 and j.log_index >= $3 and j.log_index < $4;

-- name: open_about
-- Questions not found yet that these streams are, or by whose number these streams may be known.
with known as (
    select upper(n.agency) || ':' || n.value as value
    from derived.number n where n.stream = any($1::uuid[]) and n.kind <> 'question_no'
    union
    select upper(n.agency) || ':' || n.value || '/' || f.legal_on
    from derived.number n
    join derived.fact f on f.stream = n.stream and f.author = n.agency and f.type = any($2::text[])
    where n.stream = any($1::uuid[]) and n.kind <> 'question_no'
    union
    select upper(f.author) || ':' || f.legal_on || '/' || t.value
    from derived.fact f
    join derived.trait t on t.stream = f.stream and t.kind in ('codes', 'names')
    where f.stream = any($1::uuid[]) and f.type = any($2::text[])
)
select q.stream, q.value, q.agency as asker, s.view -> 'roles' -> 'office' ->> 0 as office
from derived.number q
join derived.case_state s on s.stream = q.stream
where q.kind = 'question_no' and q.agency = split_part(s.opener, '/', 1)
  and s.procedure = 'penalty_entry' and s.status in ('asked', 'explained')
  and (q.stream = any($1::uuid[]) or q.value in (select value from known))
order by q.stream;

-- name: questions
-- What the agency asks, newest first.
select s.stream, s.status, s.opened_at, s.updated_at, s.view -> 'numbers' as numbers,
       s.view -> 'roles' -> 'office' ->> 0 as office, w.due
from derived.number q
join derived.case_state s on s.stream = q.stream
left join derived.work_item w on w.stream = s.stream and w.duty = 'enter_penalty' and w.is_open
where q.kind = 'question_no' and q.agency = $1
  and s.procedure = 'penalty_entry' and split_part(s.opener, '/', 1) = $1
  and ($2::text is null or s.status = $2)
  and ($3::text is null or s.view -> 'roles' -> 'office' ->> 0 = $3)
  and ($4::timestamptz is null or (s.opened_at, s.stream) < ($4, $5::uuid))
order by s.opened_at desc, s.stream desc limit $6;

-- name: alike
-- Open items of an office about the penalty that one of its items is about, and who asks there.
select o.key, t.agency as asker
from derived.work_item w
join derived.case_state s on s.stream = w.stream and s.procedure = 'penalty_entry'
join derived.number q on q.stream = w.stream and q.kind = 'question_no'
    and q.agency = split_part(s.opener, '/', 1)
join derived.number t on t.value = q.value and t.kind = 'question_no' and t.stream <> q.stream
join derived.case_state ts on ts.stream = t.stream and ts.procedure = 'penalty_entry'
    and t.agency = split_part(ts.opener, '/', 1)
join derived.work_item o on o.stream = t.stream and o.duty = w.duty and o.agency = w.agency
    and o.is_open
where w.agency = $1 and w.key = $2
order by o.key;

-- name: offices
-- How the agency's questions stand, by the office that was asked.
select s.view -> 'roles' -> 'office' ->> 0 as office,
       count(*) as asked,
       count(*) filter (where s.status = 'asked') as open,
       count(*) filter (where s.status = 'asked' and w.due < $2) as overdue,
       count(*) filter (where s.status = 'explained') as explained,
       count(*) filter (where s.status = 'entered') as entered,
       count(*) filter (where s.status = 'withdrawn') as withdrawn,
       percentile_cont(0.5) within group (order by extract(epoch from a.at - t.at) / 86400)
           as median_days,
       max(extract(epoch from $2 - t.at) / 86400)
           filter (where s.status = 'asked') as oldest_open_days
from derived.number q
join derived.case_state s on s.stream = q.stream
left join derived.work_item w on w.stream = s.stream and w.duty = 'enter_penalty' and w.is_open
left join lateral (
    select min(e.recorded_at) as at from derived.event e
    where e.stream = s.stream and e.author = $1
      and e.type like 'casebus.penalty\_entry.asked.%') t on true
-- The first answer: the office's reason, or that the bus has the penalty.
left join lateral (
    select min(e.recorded_at) as at from derived.event e
    where e.stream = s.stream and (
        e.author = s.view -> 'roles' -> 'office' ->> 0
            and e.type like 'casebus.penalty\_entry.explained.%'
        or e.sector = 'bus' and e.type like 'casebus.penalty\_entry.found.%')) a on true
where q.kind = 'question_no' and q.agency = $1
  and s.procedure = 'penalty_entry' and split_part(s.opener, '/', 1) = $1
group by 1 order by 1;

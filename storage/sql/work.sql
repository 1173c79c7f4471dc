-- name: shown
-- An item may come of a procedure that was opened unasked: of the case it says nothing (ADR 40). Who
-- sent what opened it, and when it was received, is said to who may read that event (ADR 43).
select w.key, w.stream, w.agency, w.duty, w.is_open, w.due, w.version, w.unit, w.view,
       s.opener, s.law, s.view as case_view,
       case when derived.may_know($1, s.view) then s.view -> 'numbers' end as numbers,
       o.author as sender, coalesce(h.at, o.recorded_at) as received
from derived.work_item w
left join derived.party p on p.stream = w.stream and p.agency = $1
left join derived.case_state s on s.stream = p.stream
left join derived.event o on o.stream = w.stream
    and o.source = w.view -> 'opened_by' ->> 'source' and o.id = w.view -> 'opened_by' ->> 'id'
    and (o.author = $1 or o.recipients @> array[$1] or derived.may_know($1, s.view))
left join lateral (
    select min(d.at) as at from derived.hand_over d
    where d.stream = o.stream and d.source = o.source and d.id = o.id
      and d.agency = $1 and d.step = 'delivered') h on true
where w.agency = $1

-- name: wanted
-- Which of them; null asks for no difference.
  and ($2::boolean is null or w.is_open = $2)
  and ($3::uuid is null or w.stream = $3)
  and ($4::text is null or starts_with(w.key, $4))
  and ($5::text is null or w.view ->> 'taken_by' = $5)
  and ($6::text is null or w.unit = $6)
  and ($7::boolean is null or (w.view ->> 'taken_by' is null) = $7)
  and ($8::timestamptz is null or w.due >= $8)
  and ($9::timestamptz is null or w.due < $9)

-- name: by_due
-- The first due first, those without a due date last.
{shown}
{wanted}
  and ($10::timestamptz is null
       or (coalesce(w.due, '9999-12-31Z'), w.key) > ($10, $11::text))
order by coalesce(w.due, '9999-12-31Z'), w.key
limit $12;

-- name: by_received
-- The last received first.
{shown}
{wanted}
  and ($10::timestamptz is null
       or (coalesce(h.at, o.recorded_at, '1970-01-01Z'), w.key) < ($10, $11::text))
order by coalesce(h.at, o.recorded_at, '1970-01-01Z') desc, w.key desc
limit $12;

-- name: count
select count(*) as total, count(*) filter (where w.is_open and w.due < $10) as overdue
from derived.work_item w
where w.agency = $1
{wanted};

-- name: standing
-- How many of an agency's open items are of each kind, for one officer of one unit.
select count(*) as unit_s, count(*) filter (where w.view ->> 'taken_by' = $2) as mine,
       count(*) filter (where w.due >= $4 and w.due < $5) as today,
       count(*) filter (where w.due < $4) as overdue,
       count(*) filter (where w.view ->> 'taken_by' is null) as new
from derived.work_item w
where w.agency = $1 and w.is_open and ($3::text is null or w.unit = $3);

-- name: item
{shown} and w.key = $2;

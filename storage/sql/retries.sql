-- name: standing
select e.stream, e.source, e.id, j.value, j.headers, j.appended_at
from unnest($1::uuid[], $2::text[], $3::text[]) as k(stream, source, id)
join derived.event e on e.stream = k.stream and e.source = k.source and e.id = k.id
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index;

-- name: settle_submission
update own.submission s
set sent_at = now(), refused = null, value = j.value, headers = j.headers
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where s.number = any($1::bigint[]) and s.sent_at is null
  and e.stream = s.stream and e.source = s.source and e.id = s.event_id;

-- name: unsent_outbox
select id, topic, aggregateid as stream, value, headers
from own.outbox
where sent_at is null and topic <> all($1::text[]) and created_at <= now() - $3::interval
  and (refused is null or tried_at < now() - $4::interval) and id > $5
order by id limit $2;

-- name: unsent_submission
select number as id, topic, stream, value, headers
from own.submission
where sent_at is null and topic <> all($1::text[])
  and (left_at is not null or created_at <= now() - $3::interval)
  and (refused is null or tried_at < now() - $4::interval) and number > $5
order by number limit $2;

-- name: unsent_redriven
-- In no minute more than were asked for: what fell due while nothing could be sent does not leave
-- all at once.
select id, topic, stream, value, headers
from (
    select d.number as id, r.door as topic, d.stream, r.value, r.headers, a.per_minute,
           row_number() over (order by d.number) as place
    from own.redriven d
    join own.redrive a on a.id = d.redrive
    join own.rejected r on r.partition = d.partition and r.kafka_offset = d.kafka_offset
    where d.sent_at is null and r.door <> all($1::text[]) and d.due_at <= now() - $3::interval
      and (d.refused is null or d.tried_at < now() - $4::interval) and d.number > $5
    order by d.number limit $2
) due
where place <= per_minute - (
    select count(*) from own.redriven
    where sent_at > now() - interval '1 minute' and not needless)
order by id;

-- name: settle_redriven
-- What the journal holds under an identity stands, even where it says something else: another copy
-- would help nobody.
update own.redriven d set sent_at = now(), refused = null, needless = true
from derived.event e
where d.number = any($1::bigint[]) and d.sent_at is null
  and e.stream = d.stream and e.source = d.source and e.id = d.event_id
returning d.number as id;

-- name: settle_outbox
-- What the journal holds was said, by a relay that was killed before it could mark it or in a life
-- that this database does not remember: the row takes those bytes, and is sent.
update own.outbox o
set sent_at = now(), refused = null, value = j.value, headers = j.headers
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where o.id = any($1::bigint[]) and o.aggregatetype = 'event'
  and e.stream = o.aggregateid and e.source = o.source and e.id = o.event_id
returning o.id;

-- name: mark_sent_outbox
update own.outbox set sent_at = now(), refused = null where id = any($1::bigint[]);

-- name: mark_sent_submission
update own.submission set sent_at = now(), refused = null
where number = any($1::bigint[]) and sent_at is null;

-- name: mark_sent_redriven
update own.redriven set sent_at = now(), refused = null
where number = any($1::bigint[]) and sent_at is null;

-- name: mark_refused_redriven
update own.redriven set refused = $2, tried_at = now()
where number = any($1::bigint[]) and sent_at is null;

-- name: give_up_redriven
update own.redriven d set refused = $2, tried_at = now()
from own.rejected r
where r.partition = d.partition and r.kafka_offset = d.kafka_offset
  and d.sent_at is null and r.door = $1 and d.due_at <= now() - $3::interval;

-- name: mark_refused_outbox
update own.outbox set refused = $2, tried_at = now() where id = any($1::bigint[]);

-- name: mark_refused_submission
update own.submission set refused = $2, tried_at = now()
where number = any($1::bigint[]) and sent_at is null;

-- name: give_up_outbox
update own.outbox set refused = $2, tried_at = now()
where sent_at is null and topic = $1 and created_at <= now() - $3::interval;

-- name: give_up_submission
update own.submission set refused = $2, tried_at = now()
where sent_at is null and topic = $1 and created_at <= now() - $3::interval;

-- name: waiting
-- Each counted to 10,000: it is asked every second.
select o.waiting as outbox_unsent, o.oldest as outbox_oldest_seconds,
       s.waiting as submissions_unsent, s.oldest as submissions_oldest_seconds,
       o.refused + s.refused + (
           select count(*) from own.redriven where sent_at is null and due_at is not null
             and refused is not null) as records_refused
from (
    select count(*) filter (where refused is null) as waiting,
           count(*) filter (where refused is not null) as refused,
           coalesce(extract(epoch from
               now() - min(created_at) filter (where refused is null)), 0)::float8 as oldest
    from (select created_at, refused from own.outbox
          where sent_at is null order by id limit 10000) as first
) o, (
    select count(*) filter (where refused is null) as waiting,
           count(*) filter (where refused is not null) as refused,
           coalesce(extract(epoch from
               now() - min(created_at) filter (where refused is null)), 0)::float8 as oldest
    from (select created_at, refused from own.submission
          where sent_at is null order by number limit 10000) as first
) s;

-- name: unsent_count
select count(*) from own.outbox where sent_at is null and refused is null;

-- name: unsent_since
-- Oldest first, both kinds; for those who must say which.
select stream, source, event_id, topic, created_at, refused from own.submission
where sent_at is null and (refused is not null or created_at <= now() - $1::interval)
union all
select aggregateid, source, event_id, topic, created_at, refused from own.outbox
where sent_at is null and (refused is not null or created_at <= now() - $1::interval)
union all
select d.stream, d.source, d.event_id, r.door, d.due_at, d.refused from own.redriven d
join own.rejected r on r.partition = d.partition and r.kafka_offset = d.kafka_offset
where d.sent_at is null and d.due_at <= now() and d.refused is not null
order by created_at limit $2;

-- name: anything_on_its_way
select exists (select from own.on_its_way where sent_at is null and created_at < $1);

-- name: database_time
select clock_timestamp();

-- name: awaited_among
-- Streams with a record of an agency's that was stored here and is neither recorded nor rejected.
select distinct w.stream from own.on_its_way w
where w.stream = any($1::uuid[]) and w.source <> 'bus' and w.source not like 'bus/%'
  and not exists (
      select from derived.event e
      where e.stream = w.stream and e.source = w.source and e.id = w.event_id)
  and (exists (
          -- Rejected before, and sent again: its next rejection would lie behind those there were.
          select from own.redriven d
          join own.rejected b on b.partition = d.partition and b.kafka_offset = d.kafka_offset
          where d.stream = w.stream and d.source = w.source and d.event_id = w.event_id
            and d.due_at is not null and d.refused is null and not exists (
                select from own.rejected r
                where r.source = d.source and r.event_id = d.event_id
                  and r.partition = d.partition
                  and r.kafka_offset > coalesce(d.behind, d.kafka_offset)
                  and (r.verified or r.value = b.value)))
       or not exists (
          select from own.rejected r
          where r.source = w.source and r.event_id = w.event_id
            -- Another's record under the same identity is no answer to it.
            and (r.verified
                 or exists (
                     select from own.submission s
                     where s.source = w.source and s.event_id = w.event_id and s.value = r.value)
                 or exists (
                     select from own.outbox o
                     where o.aggregateid = w.stream and o.source = w.source
                       and o.event_id = w.event_id and o.value = r.value))));

-- name: hold_clock
insert into own.clock_held (stream, key, kind) values ($1, $2, $3) on conflict do nothing;

-- name: let_go
delete from own.clock_held where stream = $1 and key = $2 and kind = $3;

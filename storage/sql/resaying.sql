-- name: rejected_for_key
-- Stored, sent, rejected for its key since it was last said, and not in the journal: newest first.
select o.id, o.source, o.type, o.aggregateid as stream, o.value, o.headers,
       o.rejections as answered, r.rejections, now() - r.last_at as waited
from own.outbox o
join (
    select source, event_id, count(*)::integer as rejections, max(rejected_at) as last_at
    from own.rejected
    where reason in ('key_not_valid', 'unknown_key', 'signer_not_entitled') and not late
      and rejected_at > now() - $1::interval
    group by source, event_id
) r using (source, event_id)
where o.aggregatetype = 'event' and o.sent_at is not null and r.rejections > o.rejections
  and not exists (
      select from derived.event e
      where e.stream = o.aggregateid and e.source = o.source and e.id = o.event_id)
order by o.id desc limit $2;

-- name: say_again
update own.outbox set headers = $2, sent_at = null, refused = null, rejections = $3
where id = $1 and sent_at is not null;

-- name: save
insert into own.draft (agency, item, action, officer, version, fields, saved_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (agency, item, action, officer) do update
set version = excluded.version, fields = excluded.fields, saved_at = excluded.saved_at;

-- name: one
select version, fields, saved_at from own.draft
where (agency, item, action, officer) = ($1, $2, $3, $4);

-- name: begun
select action from own.draft where (agency, item, officer) = ($1, $2, $3);

-- name: drop
delete from own.draft where (agency, item, action, officer) = ($1, $2, $3, $4);

-- name: prune
-- Of an item that was closed otherwise: nobody can send it any more.
delete from own.draft d
where d.saved_at < $1
  and not exists (select from derived.work_item w where w.key = d.item and w.is_open);

-- name: seen
insert into own.presence (agency, item, officer, seen_at) values ($1, $2, $3, now())
on conflict (agency, item, officer) do update set seen_at = excluded.seen_at;

-- name: others
select officer from own.presence
where agency = $1 and item = $2 and officer <> $3
  and seen_at > now() - make_interval(secs => $4) order by officer;

-- name: forget
delete from own.presence where seen_at < now() - make_interval(secs => $1);

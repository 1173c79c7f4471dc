-- name: seen
select id, officer, name, query, shared from own.saved_view
where agency = $1 and (officer = $2 or shared) order by name, saved_at;

-- name: save
insert into own.saved_view (id, agency, officer, name, query, shared, saved_at)
select $1, $2, $3, $4, $5, $6, $7
where (select count(*) from own.saved_view
       where agency = $2 and officer = $3 and name <> $4) < $8
on conflict (agency, officer, name) do update
set query = excluded.query, shared = excluded.shared, saved_at = excluded.saved_at
returning id;

-- name: drop
delete from own.saved_view where id = $1 and agency = $2 and officer = $3;

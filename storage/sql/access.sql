-- name: accesses
select a.at, a.agency, a.method, a.route, a.status
from own.access a
where a.stream = $1
order by a.id desc limit $2;

-- name: applied
select name, digest from public.casebus_migration order by name;

-- name: has_own
select exists (select from pg_namespace where nspname = 'own');

-- name: identities
-- Columns whose numbers the database gives, and what gives them.
select c.relname as "table", a.attname as "column",
       pg_get_serial_sequence('own.' || quote_ident(c.relname), a.attname) as sequence
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'own' and c.relkind = 'r' and a.attidentity <> '' and not a.attisdropped
order by 1, 2;

-- name: leaning
-- Tables of `own` whose rows name rows of another one, which must be there first.
select distinct c.relname as "table", other.relname as other
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_class other on other.oid = k.confrelid
join pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f' and n.nspname = 'own' and k.conrelid <> k.confrelid;

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

-- name: tables
select format('%I.%I', n.nspname, c.relname) as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('derived', 'own') and c.relkind in ('r', 'p', 'v') and not c.relispartition
   or n.nspname = 'public' and c.relname = 'casebus_migration'
order by name;

-- name: roles
select rolname from pg_roles;

-- name: has_role
select exists (select from pg_roles where rolname = $1);

-- name: is_plain
select not (rolsuper or rolcreatedb or rolcreaterole) from pg_roles where rolname = $1;

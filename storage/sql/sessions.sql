-- name: officer
select pseudonym, agency, unit, roles from own.console_officer where issuer = $1 and subject = $2;

-- name: add_officer
-- Nobody else has this pseudonym, or nothing is added.
insert into own.console_officer
    (issuer, subject, pseudonym, name, agency, unit, roles, signed_in_at)
values ($1, $2, $8, $3, $4, $5, $6, $7)
on conflict do nothing;

-- name: renew_officer
update own.console_officer
set name = $3, agency = $4, unit = $5, roles = $6, signed_in_at = $7
where issuer = $1 and subject = $2;

-- name: end_changed
-- Whose place or roles are others now has no session from before.
delete from own.console_session s using own.console_officer o
where s.issuer = $1 and s.subject = $2 and o.issuer = s.issuer and o.subject = s.subject
  and (o.agency, o.unit, o.roles) is distinct from ($3::text, $4::text, $5::text[]);

-- name: begin
insert into own.console_session (digest, issuer, subject, began_at, idle_at, ends_at)
values ($1, $2, $3, $4, $5, $6);

-- name: session
select s.idle_at, s.ends_at, o.issuer, o.subject, o.pseudonym, o.name, o.agency, o.unit, o.roles
from own.console_session s join own.console_officer o using (issuer, subject)
where s.digest = $1 and s.idle_at > $2 and s.ends_at > $2;

-- name: use
update own.console_session set idle_at = $2 where digest = $1 and idle_at < $2;

-- name: end
delete from own.console_session where digest = $1;

-- name: end_all
-- Of the person whose session this is, wherever it was begun.
delete from own.console_session s using own.console_session mine
where mine.digest = $1 and (s.issuer, s.subject) = (mine.issuer, mine.subject);

-- name: prune
delete from own.console_session where least(idle_at, ends_at) <= $1;

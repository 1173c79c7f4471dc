-- Whether a key of the agency that a rejected record names has signed it, by which door it came, and
-- its leaf (ADR 46). Of earlier rows that is known where the signature was found good before.
alter table own.rejected
    add column verified boolean not null default false,
    add column door text not null default '',
    add column leaf bytea;
update own.rejected set verified = true where reason in ('wrong_topic', 'type_not_allowed');
create index rejected_unverified on own.rejected (agency, rejected_at desc)
    where not verified and not late;

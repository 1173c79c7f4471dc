-- By which fold a case was derived, whether a person tied it to its law, and the id of the event
-- that says it was derived anew, while the journal does not hold that event yet.
alter table derived.case_state
    add column fold_version integer not null default 3,
    add column pinned boolean not null default false,
    add column renewing text;
alter table derived.case_state alter column fold_version drop default;
-- Until now every such event was a person's.
update derived.case_state s set pinned = true
where exists (
    select from derived.event e
    where e.stream = s.stream and e.type = 'casebus.case.reinterpreted.v1'
);
create index case_state_by_fold on derived.case_state (fold_version);
create index case_state_by_law on derived.case_state (law);

-- The newest fold that has written here: an older worker stops rather than write over it.
alter table own.installation add column fold_version integer not null default 3;

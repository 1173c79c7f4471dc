-- A finding that a late event may yet heal is told when that event has had time to come (ADR 0028);
-- `own.clock_said` remembers it too, as kind `found`.
alter table derived.finding add column tell_after timestamptz;
create index finding_tell on derived.finding (tell_after) where tell_after is not null;

-- The metrics page counts suspended cases every few seconds: it must not read every case.
create index case_state_suspended on derived.case_state (stream) where suspended is not null;

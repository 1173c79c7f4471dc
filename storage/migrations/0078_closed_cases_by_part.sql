-- Of what is closed to a viewer, the cases in which it has a part are looked up one by one.
create index case_state_closed_by_part on derived.case_state (stream) where closed;

-- What the gateway does not send itself, because the journal was not read to its end, the relay
-- sends without waiting for it.
alter table own.submission add column left_at timestamptz;

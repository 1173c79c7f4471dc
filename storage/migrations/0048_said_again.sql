-- What was rejected for its key is looked up every few seconds, by those who signed it.
create index rejected_for_key on own.rejected (rejected_at)
    where reason in ('key_not_valid', 'unknown_key', 'signer_not_entitled') and not late;
create index outbox_by_source on own.outbox (source, event_id);

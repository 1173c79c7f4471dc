-- How many of a record's rejections for its key were answered by saying it again.
alter table own.outbox add column rejections integer not null default 0;

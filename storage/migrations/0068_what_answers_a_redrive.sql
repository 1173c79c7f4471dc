-- Behind which place the next rejection of the same event answers what was sent again: the last one
-- there was when it was agreed to. Of redrives before there was this column: the one sent again.
alter table own.redriven add column behind bigint;

-- Which officer of an agency looked, and why it was shown what pages mask.
alter table own.access add column officer text, add column reason text;

-- Who owes what: overdue, due soon and met too late, by agency and step, without reading views.
alter table derived.clock
    add column actor text not null generated always as (coalesce(view ->> 'actor', '')) stored;
create index clock_owed on derived.clock (due, actor, clock, stream)
    where status = 'running' and not historic;
create index clock_made_late on derived.clock (actor, clock, stream)
    where status = 'met_late' and not historic;
create index work_item_reverse on derived.work_item (stream, agency)
    where is_open and view ->> 'procedure' = 'reverse_referral';

-- How many heads of each log were signed, and the size of the last one: that a head is gone, or all
-- of them, is seen by it.
create table own.signed_log (
    epoch integer not null,
    partition integer not null,
    heads bigint not null,
    size bigint not null,
    primary key (epoch, partition)
);
insert into own.signed_log (epoch, partition, heads, size)
select epoch, partition, count(*), max(size) from own.head group by epoch, partition;

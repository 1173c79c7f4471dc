-- `own` may be older than the journal, where it was restored. What the bus said, and how often, the
-- journal says; what lies here says how far that was followed.

-- Up to which record of each partition that which was owed has been said.
create table own.spoken (
    epoch integer not null,
    partition integer not null,
    next_index bigint not null default 0,
    primary key (epoch, partition)
);
insert into own.spoken (epoch, partition, next_index)
select epoch, partition, next_index from derived.journal_position;

-- Up to which record of each inbox the receipt has been said. A journal that begins a new epoch has
-- inboxes whose offsets begin anew.
create table own.received (
    epoch integer not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    primary key (epoch, topic, partition)
);

-- Which cases were told something of a right: what, and how often, their own events say.
create table own.right_heard (
    number text not null,
    stream uuid not null,
    primary key (number, stream)
);
insert into own.right_heard (number, stream) select distinct number, stream from own.right_told;
insert into own.question_position (question, epoch, partition, next_index)
select 'right_heard', epoch, partition, next_index from derived.journal_position
on conflict do nothing;

drop table own.right_told;
drop table own.organisation_answer;

-- Numbers that a source gave twice, by the agency whose systems they are.
create index finding_of_numbers on derived.finding ((split_part(view -> 'event' ->> 'source', '/', 1)))
where view -> 'detail' ->> 'reason' = 'sequence_used_twice';

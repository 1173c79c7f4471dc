-- name: spoken
select next_index from own.spoken where epoch = $1 and partition = $2;

-- name: note_spoken
insert into own.spoken (epoch, partition, next_index) values ($1, $2, $3)
on conflict (epoch, partition) do update set next_index = excluded.next_index;

-- name: is_even
select not exists (
    select from derived.journal_position p
    full join own.spoken s on s.epoch = p.epoch and s.partition = p.partition
    where coalesce(p.epoch, s.epoch) = (select epoch from own.installation)
      and coalesce(p.next_index, 0) <> coalesce(s.next_index, 0));

-- name: cases_among
-- Cases whose last event of a partition is in this stretch: each speaks once, of all its records.
select distinct c.stream from derived.journal j
join derived.case_state c on c.stream = j.stream
where j.epoch = $1 and j.partition = $2 and j.log_index >= $3 and j.log_index < $4
  and not exists (
      select from derived.event e
      where e.stream = j.stream and e.epoch = $1 and e.partition = $2 and e.log_index >= $4);

-- name: received
select partition, next_offset from own.received
where epoch = (select epoch from own.installation)
  and topic = $1 and partition = any($2::int[]);

-- name: note_received
insert into own.received (epoch, topic, partition, next_offset)
select epoch, $1, $2, $3 from own.installation
on conflict (epoch, topic, partition) do update set next_offset = excluded.next_offset;

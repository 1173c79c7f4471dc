-- name: is_voided
select exists (select from own.adoption_voided where adoption = $1);

-- name: note_voided
insert into own.adoption_voided (adoption, partition, digest) values ($1, $2, $3)
on conflict do nothing;

-- name: adopted_in
select e.id, j.value
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where e.type = 'casebus.law.adopted.v1' and e.sector = 'bus'
  and e.epoch = $1 and e.partition = $2
order by e.log_index desc;

-- name: begin
insert into own.stalled (partition, reason, digest, adoption) values ($1, $2, $3, $4)
on conflict (partition) do update set
    reason = excluded.reason, digest = excluded.digest, adoption = excluded.adoption;

-- name: end
delete from own.stalled where partition = $1;

-- name: stalled
select partition, reason, digest, adoption, since from own.stalled order by partition;

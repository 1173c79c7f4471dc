-- name: keep_bundle
insert into own.law_bundle (digest, body) values ($1, $2) on conflict do nothing;

-- name: bundle
select body from own.law_bundle where digest = $1;

-- name: in_force
select partition, law from derived.journal_position
where epoch = (select epoch from own.installation) and law is not null
order by partition;

-- name: adoptions
select e.partition, e.recorded_at, j.value
from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where e.type = 'casebus.law.adopted.v1' and e.sector = 'bus'
order by e.recorded_at, e.partition;

-- name: kept
select digest, stored_at, length(body) as bytes from own.law_bundle order by stored_at;

-- name: under_law
select law, count(*) as cases from derived.case_state group by law order by law;

-- name: cases_between
select s.stream from derived.case_state s
where exists (
    select from derived.event e
    where e.stream = s.stream and e.legal_at >= $1 and e.legal_at < $2)
order by s.stream;

-- name: case_parties
select stream, agency from derived.party where stream = any($1::uuid[]);

-- name: agencies
select j.value from derived.event e
join derived.journal j
    on j.epoch = e.epoch and j.partition = e.partition and j.log_index = e.log_index
where e.type = 'casebus.directory.agency_registered.v1'
order by e.recorded_at;

-- name: law_of_case
select law from derived.case_state where stream = $1;

-- name: case_by_number
select distinct stream from derived.number where value = $1;

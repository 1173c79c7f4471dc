-- name: keep_bundle
insert into own.law_bundle (digest, body) values ($1, $2) on conflict do nothing;

-- name: bundle
select body from own.law_bundle where digest = $1;

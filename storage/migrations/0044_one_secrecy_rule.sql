-- One secrecy rule for every channel between cases (ADR 0043). Of a case that is marked secret, that
-- nothing opened or that no fold could read, only its team may know; of another one, whoever has a
-- part in it. `view` is the case's, null where there is no case.

create function derived.is_closed(view jsonb) returns boolean
language sql immutable as $$
    select coalesce(view -> 'secrecy', '[]') <> '[]' or coalesce(view -> 'regions', '[]') = '[]'
$$;
create index case_state_closed on derived.case_state (stream)
    where coalesce(view -> 'secrecy', '[]') <> '[]' or coalesce(view -> 'regions', '[]') = '[]';

-- Whether an agency with a part in the case may know what it holds.
create function derived.may_know(agency text, view jsonb) returns boolean
language sql immutable as $$
    select (coalesce(view -> 'secrecy', '[]') = '[]' and coalesce(view -> 'regions', '[]') <> '[]')
        or coalesce(view -> 'team', '[]') ? agency
$$;

-- Whether all of some agencies may be told, in another case, what this one holds.
create function derived.may_tell(agencies text[], view jsonb) returns boolean
language sql immutable as $$
    select (coalesce(view -> 'secrecy', '[]') = '[]' and coalesce(view -> 'regions', '[]') <> '[]')
        or coalesce(view -> 'team', '[]') ?& agencies
$$;

-- The closed cases of which the agency may not know; of nobody in particular, none.
create function derived.closed_to(agency text) returns table (stream uuid)
language sql stable as $$
    select s.stream from derived.case_state s
    where (coalesce(s.view -> 'secrecy', '[]') <> '[]' or coalesce(s.view -> 'regions', '[]') = '[]')
      and agency is not null and not coalesce(s.view -> 'team', '[]') ? agency
$$;

-- Who reads what is said in a case.
create function derived.readers(of uuid) returns text[]
language sql stable as $$
    select coalesce(array_agg(p.agency order by p.agency), '{}')
    from derived.party p
    left join derived.case_state s on s.stream = p.stream
    where p.stream = of and derived.may_know(p.agency, s.view)
$$;

-- What was answered by another rule is asked anew.
insert into derived.changed_organisation (uscc, family)
select uscc, family from derived.act where asking
union
select uscc, family from derived.punished;
insert into derived.changed_right (stream, number) select stream, number from derived.right_said;

-- By which door a record came stands in its headers, of those too that an earlier release kept:
-- `casebus verify` holds each column against the bytes that it was read from (ADR 45).
create function own.header_of(packed bytea, wanted text) returns text language plpgsql as $$
declare
    at integer := 1;
    name_bytes integer;
    value_bytes integer;
begin
    while at <= length(packed) loop
        name_bytes := get_byte(packed, at - 1) * 256 + get_byte(packed, at);
        value_bytes := ('x' || encode(substr(packed, at + 2, 4), 'hex'))::bit(32)::integer;
        at := at + 6;
        if substr(packed, at, name_bytes) = convert_to(wanted, 'UTF8') then
            return convert_from(substr(packed, at + name_bytes, value_bytes), 'UTF8');
        end if;
        at := at + name_bytes + value_bytes;
    end loop;
    return null;
end $$;
update own.rejected set door = split_part(own.header_of(headers, 'cb-origin'), '/', 1)
where door = '' and own.header_of(headers, 'cb-origin') is not null;
drop function own.header_of(bytea, text);

-- What matters are compared by, in canonical form: which organisation, which right, which shop.
create table derived.trait (
    kind text not null,
    value text not null,
    stream uuid not null,
    primary key (kind, value, stream)
);
create index trait_by_stream on derived.trait (stream);

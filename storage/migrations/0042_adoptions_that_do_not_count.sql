-- Adoptions whose bundle was missing and that the journal voids: they never counted.
create table own.adoption_voided (
    adoption text primary key,
    partition integer not null,
    digest text not null,
    voided_at timestamptz not null default now()
);

-- Partitions of the journal in which casework waits for something a person must bring.
create table own.stalled (
    partition integer primary key,
    reason text not null,
    digest text not null,
    -- Empty where no adoption says it.
    adoption text not null,
    since timestamptz not null default now()
);

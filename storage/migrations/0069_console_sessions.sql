-- People who signed in to the console. Their names stand here and nowhere else: what they sign bears
-- the pseudonym, which a person keeps, whatever an issuer says of it later.
create table own.console_officer (
    issuer text not null,
    subject text not null,
    pseudonym text not null unique,
    name text not null,
    -- Null for who looks after the installation and speaks for no agency.
    agency text,
    unit text not null,
    roles text[] not null,
    signed_in_at timestamptz not null,
    primary key (issuer, subject)
);

-- Of the cookie's value only the digest is here: who reads this table cannot come in by it.
create table own.console_session (
    digest bytea primary key,
    issuer text not null,
    subject text not null,
    began_at timestamptz not null,
    -- When it ends if it is not used before; each use moves it.
    idle_at timestamptz not null,
    -- When it ends in any case.
    ends_at timestamptz not null,
    foreign key (issuer, subject) references own.console_officer
);
create index console_session_by_officer on own.console_session (issuer, subject);
create index console_session_by_end on own.console_session (least(idle_at, ends_at));

-- What one side of a ferry knows. One file a side; one process writes it, others may read.

create table if not exists fact (
    name text primary key,
    value text not null
) without rowid;

-- Lines to be sent, before they are in a bundle. A line that stands alone gets one of its own.
create table if not exists queued (
    place integer primary key autoincrement,
    line blob not null,
    alone integer not null
);

-- Bundles on their way: whole, so that what is put out again is the same bytes. Without put_at
-- it is to be put out; replaced: it stands for one that the other side's scanner refused.
create table if not exists sealed (
    number integer primary key,
    name text not null,
    digest text not null,
    raw blob not null,
    put_at real,
    replaced integer not null default 0
);

-- Single items that the other side's scanner or the brokers refused: kept until a person decides.
create table if not exists barred (
    place integer primary key autoincrement,
    line blob not null,
    said text not null,
    barred_at text not null
);

-- Bundles of the other side that wait for their turn; refused by our scanner: without their bytes.
create table if not exists held (
    number integer primary key,
    raw blob,
    refused text
);

-- The digests of what was taken, so that another bundle of the same number is noticed.
create table if not exists taken (
    number integer primary key,
    digest text not null
);

-- Pieces of a line that is longer than a file; those of another count are another cut of it.
create table if not exists part (
    id text not null,
    count integer not null,
    number integer not null,
    text blob not null,
    primary key (id, count, number)
);

-- Items of the other side in their order; the same line twice is the same item. A line is emptied
-- when it was dealt with and nobody reads it again.
create table if not exists arrived (
    place integer primary key autoincrement,
    digest blob not null unique,
    kind text not null,
    topic text not null,
    stream text not null,
    line blob not null,
    done_at text
);
create index if not exists arrived_waiting on arrived (kind, topic, place) where done_at is null;

-- The numbers of cases that this side has seen, in their canonical text.
create table if not exists numbered (
    number text not null,
    stream text not null,
    primary key (number, stream)
) without rowid;

-- What the scanner said of each file.
create table if not exists scanned (
    place integer primary key autoincrement,
    file text not null,
    digest text not null,
    exit_code integer not null,
    said text not null,
    scanned_at text not null
);

-- What went wrong, and with which file.
create table if not exists incident (
    place integer primary key autoincrement,
    file text not null,
    code text not null,
    detail text not null,
    noted_at text not null
);

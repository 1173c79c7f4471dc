-- Events that their author's room in the case did not take: recorded, and not folded.

create table derived.left_out (
    stream uuid not null,
    source text not null,
    id text not null,
    -- The first of its author's, of which the author is told: the fold reads it.
    told boolean not null,
    primary key (stream, source, id)
);

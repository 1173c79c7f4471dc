-- What its author recalled, and who said that it holds the words of it no more (design rule 19).
alter table derived.hand_over
    drop constraint hand_over_step_check,
    add constraint hand_over_step_check
        check (step in ('delivered', 'retrieved', 'recalled', 'erased'));
create index hand_over_recalled on derived.hand_over (stream) where step = 'recalled';

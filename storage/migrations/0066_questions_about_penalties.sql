-- Questions about published penalties (ADR 0062) stand as cases of their own, found by their number.
create index number_of_question on derived.number (agency, stream) where kind = 'question_no';
-- By which numbers a case is known, once it changed.
create index number_by_stream on derived.number (stream);

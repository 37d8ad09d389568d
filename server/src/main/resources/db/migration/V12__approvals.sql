-- A turn that was begun and waits for somebody's word about a call is nobody's until the word, or an
-- interrupt, sets this back to 0. It follows from the journal; it stands here so that nobody claims
-- the turn to find that out.
alter table turns add column awaits_approval smallint not null default 0;

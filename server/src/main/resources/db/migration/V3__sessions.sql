-- The journal is the session: agent, user and metadata stand in its first entry; state, last entry
-- and time of the last change are looked up. Two folds over the journal are kept because a list
-- needs them at once: the tokens used, and whether the last turn that ended has failed. They change
-- in the transaction of the entry that changes them.
create table sessions (
    id text primary key,
    project text not null references projects (id),
    sandbox text,
    failed smallint not null default 0,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    cache_read_tokens bigint not null default 0,
    cache_write_tokens bigint not null default 0,
    reasoning_tokens bigint not null default 0,
    created_at bigint not null
);

create index sessions_by_project on sessions (project, created_at, id);

-- seq counts the entries of a session from 1 without gaps: it is given in the transaction that
-- writes the entry, and entries are never changed or removed while their session lives.
create table events (
    project text not null references projects (id),
    session text not null references sessions (id) on delete cascade,
    seq bigint not null,
    time bigint not null,
    turn text,
    type text not null,
    body text not null,
    primary key (session, seq)
);

-- Turns run in the order of their positions, one at a time in each session; the position is the seq
-- of the turn's first entry. The epoch goes up with every claim: an owner whose epoch has passed can
-- write nothing any more. A running turn whose lease has expired is anybody's.
create table turns (
    id text primary key,
    project text not null references projects (id),
    session text not null references sessions (id) on delete cascade,
    position bigint not null,
    state text not null check (state in ('queued', 'running', 'done')),
    lease_owner text,
    lease_expires_at bigint not null default 0,
    epoch bigint not null default 0,
    failures bigint not null default 0,
    cancel_requested smallint not null default 0,
    created_at bigint not null
);

create unique index turns_by_session on turns (session, position);
create index turns_open on turns (session, position) where state <> 'done';

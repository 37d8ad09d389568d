-- A journal is a list of parts, each of them the beginning of a branch of entries. A session writes
-- into the branch of its own name; a fork begins with the parts of its original, cut where it
-- leaves, so it costs the same however long its past is. A branch outlives its session as far as
-- forks still have it.
--
-- The part that grows ends at the largest number that there is. All entries of a branch have
-- numbers from from_seq on, wherever it is a part.
create table journal_parts (
    session text not null references sessions (id) on delete cascade,
    from_seq bigint not null,
    to_seq bigint not null,
    branch text not null,
    primary key (session, from_seq)
);

create index journal_parts_by_branch on journal_parts (branch, to_seq);

insert into journal_parts (session, from_seq, to_seq, branch)
select id, 1, 9223372036854775807, id from sessions;

-- place is the position of the entry's turn, or its own seq without one. Turns are not looked up
-- for that, since those of a fork's past are its original's.
create table branch_entries (
    project text not null references projects (id),
    branch text not null,
    seq bigint not null,
    time bigint not null,
    turn text,
    place bigint not null,
    type text not null,
    body text not null,
    primary key (branch, seq)
);

insert into branch_entries (project, branch, seq, time, turn, place, type, body)
select e.project, e.session, e.seq, e.time, e.turn, coalesce(t.position, e.seq), e.type, e.body
from events e left join turns t on t.id = e.turn;

drop table events;

-- The same as before; their conditions stand word for word in what is asked.
create index events_on_files on branch_entries (branch, seq)
    where type in ('snapshot.taken', 'snapshot.failed', 'session.forked', 'session.rewound');

create index events_not_summed_up on branch_entries (branch, seq)
    where type not in ('model.started', 'message.assistant', 'tool.started', 'tool.completed');

-- The first entry of each turn.
create index events_that_begin on branch_entries (branch, seq)
    where turn is not null and place = seq;

-- What is read in the order of part and seq needs no sorting, either way.
create view events as
select p.session, p.from_seq as part, e.seq, e.time, e.turn, e.place, e.type, e.body
from journal_parts p join branch_entries e on e.branch = p.branch and e.seq <= p.to_seq;

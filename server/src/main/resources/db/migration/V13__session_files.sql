-- The files of a session as they were at one of its entries are snapshots that nobody is shown. They
-- go with the session, and old ones before it: see SnapshotThinning.
alter table snapshots add column session text;

create index snapshots_by_session on snapshots (session, created_at) where session is not null;

-- What the files of a session's sandbox are to become before they are used next: a snapshot's, or,
-- after 'empty', those of a new sandbox. Null where nothing is left to do.
alter table sessions add column pending_files text;

-- The entries that say what became of a session's files, among thousands of others.
create index events_on_files on events (session, seq)
    where type in ('snapshot.taken', 'snapshot.failed', 'session.forked', 'session.rewound');

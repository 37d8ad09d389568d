-- A row is a promise about what is on the host, kept through crashes: see Sandboxes.reconcile.
-- Whether a ready sandbox runs or is stopped is the host's to know. Times are epoch microseconds.
create table sandboxes (
    id text primary key,
    project text not null references projects (id),
    owner text,
    state text not null check (state in ('creating', 'ready', 'deleting')),
    spec text not null,
    created_at bigint not null,
    last_active_at bigint not null
);

create unique index sandboxes_by_owner on sandboxes (project, owner) where state <> 'deleting';

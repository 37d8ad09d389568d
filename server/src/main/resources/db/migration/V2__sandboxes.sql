-- A row is a promise about what is on the host, kept through crashes: see Sandboxes.reconcile.
create table sandboxes (
    id text primary key,
    project text not null references projects (id),
    owner text,
    state text not null check (state in ('creating', 'running', 'stopped', 'deleting')),
    user_name text,
    spec text not null,
    created_at bigint not null,
    last_active_at bigint not null,
    expires_at bigint
);

create unique index sandboxes_by_owner on sandboxes (project, owner) where state <> 'deleting';
create index sandboxes_by_project on sandboxes (project, created_at, id);
create index sandboxes_by_expiry on sandboxes (expires_at) where expires_at is not null;

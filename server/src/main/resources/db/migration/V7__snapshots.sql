-- A row is a promise about what is on the host, kept through crashes: see Snapshots.reconcile.
-- The sandbox that it was taken of may be gone. Times are epoch microseconds.
create table snapshots (
    id text primary key,
    project text not null references projects (id),
    sandbox text not null,
    state text not null check (state in ('creating', 'ready', 'deleting')),
    name text,
    image text not null,
    metadata text not null,
    size_bytes bigint not null,
    created_at bigint not null
);

create index snapshots_by_project on snapshots (project, created_at);

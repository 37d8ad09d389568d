-- Secrets are kept as the SHA-256 of themselves, in hexadecimal. Times are epoch microseconds.
create table projects (
    id text primary key,
    created_at bigint not null
);

create table api_keys (
    id text primary key,
    project text not null references projects (id),
    name text not null,
    hint text not null,
    secret_hash text not null unique,
    created_at bigint not null
);

create index api_keys_by_project on api_keys (project, created_at, id);

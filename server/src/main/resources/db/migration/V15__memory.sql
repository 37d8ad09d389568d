-- What agents and people note for later sessions: one text of a project (name is empty), of each
-- agent and of each end user. version counts its changes from 1; seed is the text that the last
-- deployment brought, which tells whether a deployment has anything new to say.
create table memories (
    id text primary key,
    project text not null references projects (id),
    scope text not null check (scope in ('project', 'agent', 'user')),
    name text not null,
    version bigint not null,
    text text not null,
    author text not null,
    seed text not null default '',
    created_at bigint not null,
    updated_at bigint not null
);

create unique index memories_by_name on memories (project, scope, name);

-- Earlier texts and the current one. The text of an old version goes before its row does: call_key
-- names the tool call that wrote it, so that the same call, made again after a crash, finds that it
-- is done.
create table memory_versions (
    memory text not null references memories (id) on delete cascade,
    version bigint not null,
    text text,
    bytes bigint not null,
    author text not null,
    call_key text,
    created_at bigint not null,
    primary key (memory, version)
);

create unique index memory_versions_by_call on memory_versions (call_key);

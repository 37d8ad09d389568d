-- Warm sandboxes belong to no project until they are taken. A spec that is pending may not have
-- reached the host yet. The ttl counts from when it was set. Why a sandbox was stopped holds until
-- it is started again.
create table sandboxes_next (
    id text primary key,
    project text references projects (id),
    owner text,
    state text not null check (state in ('creating', 'warm', 'ready', 'deleting')),
    spec text not null,
    pending smallint not null default 0,
    stopped_because text,
    created_at bigint not null,
    ttl_from bigint not null,
    last_active_at bigint not null
);

insert into sandboxes_next
    (id, project, owner, state, spec, created_at, ttl_from, last_active_at)
select id, project, owner, state, spec, created_at, created_at, last_active_at from sandboxes;

drop table sandboxes;
alter table sandboxes_next rename to sandboxes;

create unique index sandboxes_by_owner on sandboxes (project, owner) where state <> 'deleting';

-- What there was and why it is gone, for a day.
create table deleted_sandboxes (
    id text primary key,
    project text not null references projects (id),
    spec text not null,
    reason text not null,
    created_at bigint not null,
    last_active_at bigint not null,
    deleted_at bigint not null
);

create index deleted_sandboxes_by_project on deleted_sandboxes (project, deleted_at);

-- Sessions with the same workspace share a sandbox, and have one turn at a time. Null for a session
-- with a sandbox of its own. Turns have it too, so that a claim need not look further.
alter table sessions add column workspace text;
alter table turns add column workspace text;

create index turns_by_workspace on turns (project, workspace)
    where workspace is not null and state <> 'done';

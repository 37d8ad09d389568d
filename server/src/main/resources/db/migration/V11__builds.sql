-- The files after the steps of image builds, kept for the next build, are snapshots that nobody is
-- shown. A key says what made them: see StepKey. Times are epoch microseconds.
alter table snapshots add column step_key text;
alter table snapshots add column used_at bigint;

create index snapshots_by_step on snapshots (project, step_key) where step_key is not null;

-- Which image a build with the same key has made.
create table builds (
    project text not null references projects (id),
    build_key text not null,
    digest text not null,
    created_at bigint not null,
    primary key (project, build_key)
);

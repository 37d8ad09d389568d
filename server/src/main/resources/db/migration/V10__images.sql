-- What names of images mean to a project: images of registries, and those that it has built.
-- Recipes need no row.
create table images (
    project text not null references projects (id),
    name text not null,
    digest text not null,
    kind text not null,
    created_at bigint not null,
    primary key (project, name)
);

create index images_by_digest on images (digest);

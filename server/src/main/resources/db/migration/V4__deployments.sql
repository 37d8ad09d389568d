-- A deployment replaces all agents of its project at once. Old versions stay: a turn ends with the
-- version it began with.
create table deployments (
    project text not null references projects (id),
    version bigint not null,
    created_at bigint not null,
    primary key (project, version)
);

create table agents (
    project text not null,
    version bigint not null,
    name text not null,
    position bigint not null,
    definition text not null,
    primary key (project, version, name),
    foreign key (project, version) references deployments (project, version)
);

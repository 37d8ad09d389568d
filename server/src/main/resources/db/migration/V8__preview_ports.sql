-- Ports of sandboxes that are registered for previews. Of a token the SHA-256 is kept, in hexadecimal;
-- a public port has none. Times are epoch microseconds.
create table preview_ports (
    sandbox text not null references sandboxes (id) on delete cascade,
    port bigint not null,
    project text not null,
    label text,
    token_hash text,
    created_at bigint not null,
    primary key (sandbox, port)
);

create index preview_ports_by_project on preview_ports (project, sandbox, port);

-- Sessions that come from one another by forks share the files that they can go back to. family is
-- the id of the one that all come from, which may be deleted by now; a session that is no fork has
-- none. When one of them is deleted, the others get its files.
alter table sessions add column family text;

create index sessions_by_family on sessions (family) where family is not null;

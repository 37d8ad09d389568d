-- The files that sessions keep are thinned by the sandbox whose disk they fill, after each that is
-- kept.
create index snapshots_by_sandbox on snapshots (sandbox, created_at) where session is not null;

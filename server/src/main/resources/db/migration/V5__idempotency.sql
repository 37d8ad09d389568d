-- Answers to POSTs with an Idempotency-Key, kept for a day so that callers can repeat them.
create table idempotency_keys (
    project text not null references projects (id),
    idempotency_key text not null,
    fingerprint text not null,
    status bigint not null,
    body text not null,
    created_at bigint not null,
    primary key (project, idempotency_key)
);

create index idempotency_keys_by_age on idempotency_keys (project, created_at);

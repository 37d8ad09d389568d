-- What sessions have spent, and each end user and project on each day (UTC, counted from
-- 1970-01-01): folds over the journals, changed in the transaction of the entry that changes them.
-- Money is in 10^-12 dollars. Answers from before prices were kept count as unpriced.
alter table sessions add column steps bigint not null default 0;
alter table sessions add column work_millis bigint not null default 0;
alter table sessions add column cost_pico_usd bigint not null default 0;
alter table sessions add column unpriced_answers bigint not null default 0;
alter table sessions add column stop_reason text;

update sessions set unpriced_answers = 1 where output_tokens > 0;

-- A row outlives its sessions: deleting one gives no money back.
create table spending_days (
    project text not null references projects (id),
    scope text not null check (scope in ('user', 'project')),
    subject text not null,
    day bigint not null,
    steps bigint not null,
    tokens bigint not null,
    cost_pico_usd bigint not null,
    work_millis bigint not null,
    primary key (project, scope, subject, day)
);

create index spending_days_by_day on spending_days (day);

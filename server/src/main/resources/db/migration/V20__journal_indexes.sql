-- A few entries of long journals that are asked for by themselves; the conditions stand word for
-- word in what is asked.
create index events_on_approvals on branch_entries (branch, seq)
    where type in ('approval.requested', 'approval.decided');

create index events_on_rewinds on branch_entries (branch, seq) where type = 'session.rewound';

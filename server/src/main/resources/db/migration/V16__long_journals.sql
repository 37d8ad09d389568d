-- All entries but those that a summary stands for: a session with one is loaded through these, and
-- through the newest of the others. There are few of them in each step.
create index events_not_summed_up on events (session, seq)
    where type not in ('model.started', 'message.assistant', 'tool.started', 'tool.completed');

package dev.carrel.worker;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.AgentLoop;
import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Models;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Deployments;
import dev.carrel.session.FileKeeper;
import dev.carrel.session.Lease;
import dev.carrel.session.LeaseLostException;
import dev.carrel.session.Memories;
import dev.carrel.session.Session;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionJournal;
import dev.carrel.session.Sessions;
import dev.carrel.store.StoreException;
import dev.carrel.tool.Memory;
import dev.carrel.tool.Tool;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs one turn under its lease, on the calling thread.
final class TurnRunner {
    private static final Logger LOG = LoggerFactory.getLogger(TurnRunner.class);

    private final Sessions sessions;
    private final Deployments deployments;
    private final Models models;
    private final List<Tool> tools;
    private final SessionSandbox.Shared workspaces;

    TurnRunner(
            Sessions sessions,
            Deployments deployments,
            Models models,
            List<Tool> tools,
            Sandboxes sandboxes) {
        this.sessions = sessions;
        this.deployments = deployments;
        this.models = models;
        this.tools = List.copyOf(tools);
        var files = new SessionFiles(sessions, sandboxes);
        var keeper = new FileKeeper(sessions, sandboxes, files);
        this.workspaces = new SessionSandbox.Shared(sandboxes, files, keeper);
    }

    /// Returns when the turn is complete. Any exception leaves it open.
    void run(Lease lease) {
        Session session = sessions.get(lease.project(), lease.session());
        SessionJournal journal = sessions.turns().journal(lease);
        int version = startedWith(journal).orElseGet(() -> start(session, journal));
        AgentDefinition agent;
        try {
            agent = remembering(session, version, journal);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.AGENT_NOT_FOUND) {
                throw e;
            }
            journal.append(failed(journal, error(e))); // it was deployed no more
            return;
        }
        new AgentLoop(
                        agent,
                        models,
                        tools,
                        journal,
                        new SessionSandbox(
                                workspaces, memoryOf(session), lease, journal, agent.workspace()),
                        lease.cancellation())
                .run();
    }

    /// Completes a turn that cannot be run, also when its journal cannot be read.
    void giveUp(Lease lease, Throwable cause) {
        Event.TurnError error = error(lease, cause);
        try {
            SessionJournal journal = sessions.turns().journal(lease);
            journal.append(failed(journal, error));
        } catch (StoreException | LeaseLostException e) {
            throw e;
        } catch (RuntimeException e) {
            LOG.error("turn {} ends without a look at its journal", lease, e);
            sessions.turns().end(lease, failed(0, Usage.NONE, error));
        }
    }

    private static Event.TurnError error(Lease lease, Throwable cause) {
        return cause instanceof CarrelException known
                ? error(known)
                : new Event.TurnError(
                        ErrorCode.INTERNAL_ERROR.wireName(),
                        "the turn failed again and again with an internal error; the server's log"
                                + " has the details of turn "
                                + lease.turn());
    }

    private static Event.TurnError error(CarrelException e) {
        return new Event.TurnError(e.code().wireName(), e.text());
    }

    /// The version of the agents that the turn began with, if it has begun.
    private static Optional<Integer> startedWith(SessionJournal journal) {
        return journal.turnEvents().stream()
                .filter(Event.TurnStarted.class::isInstance)
                .map(event -> ((Event.TurnStarted) event).agentVersion())
                .findFirst();
    }

    /// What is remembered is read once and journaled, so that the prompt stays the same for the
    /// whole turn, over crashes too.
    private int start(Session session, SessionJournal journal) {
        int version = deployments.newest(session.project()).orElse(0);
        String now =
                deployments.memories().prompt(session.project(), session.agent(), session.user());
        boolean same = memory(journal).orElse("").equals(now);
        journal.append(new Event.TurnStarted(version, same ? Optional.empty() : Optional.of(now)));
        return version;
    }

    private AgentDefinition remembering(Session session, int version, SessionJournal journal) {
        AgentDefinition agent = deployments.agent(session.project(), session.agent(), version);
        String both = agent.memory() + "\n\n" + memory(journal).orElse("");
        return agent.toBuilder().memory(both.strip()).build();
    }

    /// What this turn, or else the last one that was told anything new, was told.
    private static Optional<String> memory(SessionJournal journal) {
        return journal.events().stream()
                .filter(Event.TurnStarted.class::isInstance)
                .flatMap(event -> ((Event.TurnStarted) event).memory().stream())
                .reduce((before, after) -> after);
    }

    private LongFunction<Memory> memoryOf(Session session) {
        return started ->
                new SessionMemory(
                        deployments.memories(),
                        session,
                        Memories.Author.call(session.id(), started));
    }

    private static Event failed(SessionJournal journal, Event.TurnError error) {
        Conversation state = Conversation.of(journal.events());
        return failed(state.steps(), state.usage(), error);
    }

    private static Event.TurnCompleted failed(int steps, Usage usage, Event.TurnError error) {
        return new Event.TurnCompleted(StopReason.ERROR, steps, usage, Optional.of(error));
    }
}

package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.FakeRuntime;
import dev.carrel.sandbox.SandboxSettings;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionSettings;
import dev.carrel.session.Sessions;
import dev.carrel.session.StreamItem;
import dev.carrel.session.Subscription;
import dev.carrel.session.TurnInput;
import dev.carrel.tool.Tool;
import dev.carrel.worker.WorkerSettings.Sharing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A server without its edges: store, sessions, sandboxes that are folders, and workers.
final class WorkerFixture implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(30);

    /// Nobody looks for turns without being told.
    static final WorkerSettings SETTINGS =
            new WorkerSettings(
                    64,
                    SessionFixture.LEASE,
                    Duration.ofSeconds(10),
                    Duration.ofHours(1),
                    3,
                    Sharing.ALONE);

    final SessionFixture base;
    final FakeHost host;
    final Sandboxes sandboxes;

    WorkerFixture(Path home) throws IOException {
        this(home, new FakeHost(Files.createDirectories(home.resolve("host"))));
    }

    /// Another server on the same home and host, whose predecessor has gone.
    WorkerFixture(Path home, FakeHost host) {
        this(new SessionFixture(home), host);
    }

    WorkerFixture(SessionFixture base, FakeHost host) {
        this.base = base;
        this.host = host;
        this.sandboxes =
                new Sandboxes(
                        base.store, new FakeRuntime(host), SandboxSettings.DEFAULT, base.clock);
        sandboxes.reconcile();
    }

    Worker worker(ChatModel model, Tool... tools) {
        return worker(base.sessions, SETTINGS, model, tools);
    }

    /// A worker of another process: it has its own view of sessions.
    Worker otherWorker(ChatModel model, Tool... tools) {
        var settings =
                new WorkerSettings(
                        SETTINGS.turnsAtOnce(),
                        SETTINGS.lease(),
                        SETTINGS.heartbeat(),
                        SETTINGS.poll(),
                        SETTINGS.failuresMax(),
                        Sharing.SHARED);
        var sessions =
                new Sessions(base.store, base.deployments, SessionSettings.DEFAULT, base.clock);
        return worker(sessions, settings, model, tools);
    }

    Worker worker(Sessions sessions, WorkerSettings settings, ChatModel model, Tool... tools) {
        return new Worker(
                sessions,
                base.deployments,
                new ConfiguredModels(Map.of("scripted", model)),
                List.of(tools),
                sandboxes,
                settings,
                base.clock);
    }

    SessionId newSession() {
        return base.newSession();
    }

    TurnId send(SessionId session, String text) {
        return base.sessions.send(PROJECT, session, TurnInput.ofMessage(text));
    }

    /// Looks into the journal until the turn is complete: the worker may be one whose entries the
    /// readers of this process are not told of.
    Event.TurnCompleted awaitEnd(SessionId session, TurnId turn) throws InterruptedException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < deadline) {
            try (Subscription reader = base.sessions.subscribe(PROJECT, session, 0)) {
                for (var item = reader.next(Duration.ofMillis(50));
                        item.isPresent();
                        item = reader.next(Duration.ofMillis(50))) {
                    if (item.get() instanceof StreamItem.Recorded entry
                            && entry.turn().equals(Optional.of(turn))
                            && entry.event() instanceof Event.TurnCompleted end) {
                        return end;
                    }
                }
            }
        }
        throw new AssertionError("turn " + turn + " has not ended: " + base.events(session));
    }

    StopReason run(SessionId session, String text) throws InterruptedException {
        return awaitEnd(session, send(session, text)).reason();
    }

    @Override
    public void close() {
        base.close();
        host.close();
    }
}

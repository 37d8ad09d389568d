package dev.carrel.worker;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.UnreachableException;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.ApprovalRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// A real server that is killed with -9 once in each session and started again, and the model that
/// it asks. Sessions run one after the other.
final class ChaosServer implements AutoCloseable {
    /// When a session's server is killed: before the nth piece of its model's answers, or some time
    /// after the session's beginning.
    record Kill(boolean beforePiece, int n) {
        static final Kill NEVER = new Kill(true, 0);

        @Override
        public String toString() {
            return (beforePiece ? "kill:" : "after:") + n;
        }
    }

    private static final Duration SESSION_MAX = Duration.ofSeconds(60);

    private final ChaosProvider provider;
    private final RealServer server;
    private final AtomicInteger pieces = new AtomicInteger();
    private volatile Kill kill = Kill.NEVER;
    private volatile boolean killed;

    /// `folder` is for the agents.
    ChaosServer(Path folder) throws IOException {
        this.provider = new ChaosProvider(this::piece);
        this.server =
                RealServer.start(
                        "providers: {scripted: {kind: openai, base_url: \""
                                + provider.url()
                                + "\"}}\ncontext_windows: {scripted/any: "
                                + ChaosScript.WINDOW_TOKENS
                                + "}\npool: {size: 0}\n");
        String approve = "\"" + String.join("\", \"", ChaosScript.APPROVE) + "\"";
        Path agents = Files.createDirectories(folder.resolve(".carrel"));
        Files.writeString(
                agents.resolve("agents.json"),
                "[{\"name\": \"coder\", \"model\": \"scripted/any\", \"approve\": ["
                        + approve
                        + "]}]");
        server.deploy(agents);
    }

    /// Pieces of the last session's answers.
    int pieces() {
        return pieces.get();
    }

    ChaosRun.Outcome run(Kill when) throws Exception {
        pieces.set(0);
        kill = when;
        String session = server.client().sessions().create(SessionRequest.of("coder")).id();
        Thread killer = Thread.ofVirtual().start(() -> killAfter(when));
        for (String task : ChaosScript.TURNS) {
            drive(session, task);
        }
        killer.join();
        drive(session, "more");
        CarrelClient client = server.client();
        var outcome =
                new ChaosRun.Outcome(
                        journal(client, session),
                        Map.of(
                                "effects", file(client, session, "effects"),
                                "notes", file(client, session, "notes")),
                        Map.of(),
                        1);
        client.sessions().delete(session);
        return outcome;
    }

    /// True when the answer is cut: the server is dead.
    private boolean piece() {
        if (pieces.incrementAndGet() != kill.n() || !kill.beforePiece()) {
            return false;
        }
        kill();
        return true;
    }

    private void killAfter(Kill when) {
        if (!when.beforePiece()) {
            LockSupport.parkNanos(Duration.ofMillis(when.n()).toNanos());
            kill();
        }
    }

    private void kill() {
        try {
            server.kill();
            killed = true;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /// Sends a message, if it is not there, and does what it takes until its turn has ended.
    private void drive(String session, String task) throws Exception {
        long deadline = System.nanoTime() + SESSION_MAX.toNanos();
        while (System.nanoTime() < deadline) {
            try {
                if (ended(server.client(), session, task)) {
                    return;
                }
            } catch (UnreachableException e) {
                // It was killed, or is about to be.
            }
            if (killed) {
                server.revive();
                killed = false;
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        throw new AssertionError("stuck: " + journal(server.client(), session));
    }

    private static boolean ended(CarrelClient client, String session, String task) {
        SessionInfo info = client.sessions().get(session);
        for (ApprovalInfo each : info.approvals()) {
            client.sessions()
                    .decide(
                            session,
                            each.call(),
                            each.call().equals(ChaosScript.DENIED)
                                    ? ApprovalRequest.deny(Optional.of("not that"))
                                    : ApprovalRequest.allow());
        }
        if (!Set.of("idle", "failed").contains(info.state())) {
            return false;
        }
        boolean sent =
                journal(client, session).stream()
                        .anyMatch(entry -> entry.path("text").asText().equals(task));
        if (!sent) {
            client.sessions().send(session, task);
        }
        return sent;
    }

    private static List<ObjectNode> journal(CarrelClient client, String session) {
        var all = new ArrayList<ObjectNode>();
        client.sessions()
                .events(session, 0, 1000)
                .forEach(event -> all.add((ObjectNode) event.json()));
        return all;
    }

    private static String file(CarrelClient client, String session, String name)
            throws IOException {
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        try (InputStream file = client.sandboxes().readFile(sandbox, "/workspace/" + name)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        provider.close();
    }
}

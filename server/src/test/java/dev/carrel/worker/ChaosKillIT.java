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
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The session of [ChaosIT] through the public API of a real server, in a real sandbox. The server
/// is killed with -9 before the nth piece of its model's answers, or after some time, and started
/// again. `-Dcarrel.chaos=all` takes every piece, `-Dcarrel.chaos=kill:7` one; without it some,
/// chosen at random.
@Timeout(3600)
class ChaosKillIT {
    private static final int SOME = 3;
    private static final int KILL_MILLIS_MAX = 2_000;
    private static final Duration SESSION_MAX = Duration.ofSeconds(60);

    @TempDir Path folder;
    private final AtomicInteger pieces = new AtomicInteger();
    private volatile int fatalPiece;
    private volatile boolean killed;
    private RealServer server;

    @Test
    void aRealServerThatIsKilledAnywhereFinishesItsSession() throws Exception {
        try (var provider = new ChaosProvider(this::piece);
                var real = RealServer.start(config(provider))) {
            server = real;
            server.deploy(agents());
            var check = new ChaosCheck(run(0, Optional.empty()));
            int all = pieces.get();
            int survived = 0;
            List<Integer> cases = cases(all);
            for (int piece : cases) {
                check("kill:" + piece, check, run(piece, Optional.empty()), false);
                survived++;
            }
            if (cases.size() > 1) {
                survived += killAtRandomTimes(check, cases.size());
            }
            System.out.println("survived " + survived + " kills of a real server");
        }
    }

    private static List<Integer> cases(int all) {
        String wanted = System.getProperty("carrel.chaos", "some");
        if (wanted.startsWith("kill:")) {
            return List.of(Integer.parseInt(wanted.substring(5)));
        }
        var random = random();
        return wanted.equals("all")
                ? java.util.stream.IntStream.rangeClosed(1, all).boxed().toList()
                : random.ints(SOME, 1, all + 1).boxed().toList();
    }

    private static Random random() {
        long seed = Long.getLong("carrel.chaos.seed", System.nanoTime());
        System.out.println("-Dcarrel.chaos.seed=" + seed);
        return new Random(seed);
    }

    private int killAtRandomTimes(ChaosCheck check, int times) throws Exception {
        Random random = random();
        for (int i = 0; i < times; i++) {
            int millis = random.nextInt(KILL_MILLIS_MAX);
            check("after " + millis + " ms", check, run(0, Optional.of(millis)), true);
        }
        return times;
    }

    private static void check(
            String which, ChaosCheck check, ChaosRun.Outcome outcome, boolean callsLost) {
        try {
            check.require(outcome, callsLost);
        } catch (AssertionError e) {
            throw new AssertionError(which, e);
        }
    }

    /// True when the answer is cut: the server is dead.
    private boolean piece() {
        if (pieces.incrementAndGet() != fatalPiece) {
            return false;
        }
        kill();
        return true;
    }

    private void kill() {
        try {
            server.kill();
            killed = true;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void killAfter(int millis) {
        LockSupport.parkNanos(Duration.ofMillis(millis).toNanos());
        kill();
    }

    private ChaosRun.Outcome run(int fatal, Optional<Integer> millis) throws Exception {
        pieces.set(0);
        fatalPiece = fatal;
        String session = server.client().sessions().create(SessionRequest.of("coder")).id();
        Thread killer = Thread.ofVirtual().start(() -> millis.ifPresent(this::killAfter));
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

    private static String config(ChaosProvider provider) {
        return "providers: {scripted: {kind: openai, base_url: \""
                + provider.url()
                + "\"}}\ncontext_windows: {scripted/any: "
                + ChaosScript.WINDOW_TOKENS
                + "}\npool: {size: 0}\n";
    }

    private Path agents() throws IOException {
        Path agents = Files.createDirectories(folder.resolve(".carrel"));
        String approve = "\"" + String.join("\", \"", ChaosScript.APPROVE) + "\"";
        Files.writeString(
                agents.resolve("agents.json"),
                "[{\"name\": \"coder\", \"model\": \"scripted/any\", \"approve\": ["
                        + approve
                        + "]}]");
        return agents;
    }
}

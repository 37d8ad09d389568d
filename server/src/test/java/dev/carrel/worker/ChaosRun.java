package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.AgentDefinition;
import dev.carrel.error.CarrelException;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.ContextWindows;
import dev.carrel.model.ModelRef;
import dev.carrel.model.ModelSettings;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.SandboxFilter;
import dev.carrel.session.ApprovalDecision;
import dev.carrel.session.EventJson;
import dev.carrel.session.PendingApproval;
import dev.carrel.session.SessionApprovals;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionSettings;
import dev.carrel.session.SessionState;
import dev.carrel.session.Sessions;
import dev.carrel.session.StreamItem;
import dev.carrel.session.TurnInput;
import dev.carrel.store.FaultyStore;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.tool.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// One session from its creation to its end, in which one thing goes wrong: servers of this process
/// on one home, whose time moves when nothing else does.
final class ChaosRun implements AutoCloseable {
    /// What is left when all is over. `kept` are the files of each snapshot in the journal, as a
    /// text that can be compared.
    record Outcome(
            List<ObjectNode> journal,
            Map<String, String> files,
            Map<String, String> kept,
            int sandboxes) {}

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path home;
    private final Injection injection;
    private final FakeHost host;
    private final ChaosProvider provider;
    private final ConfiguredModels models;
    private WorkerFixture server;
    private Worker worker;

    ChaosRun(Path home, Injection injection) throws IOException {
        this.home = home;
        this.injection = injection;
        this.host = new FakeHost(Files.createDirectories(home.resolve("host")));
        host.makeSnapshotsCheap();
        this.provider = new ChaosProvider(() -> injection.reach(ChaosPlace.CHUNK));
        this.models =
                ConfiguredModels.of(
                        ModelSettings.of(
                                        Map.of(),
                                        JSON.readTree(
                                                "{\"scripted\": {\"kind\": \"openai\", \"base_url\": \""
                                                        + provider.url()
                                                        + "\"}}"))
                                .with(
                                        ContextWindows.of(
                                                JSON.readTree(
                                                        "{\"scripted/any\": "
                                                                + ChaosScript.WINDOW_TOKENS
                                                                + "}"))));
        start();
    }

    private void start() {
        var store =
                FaultyStore.open(
                        home.resolve("carrel.db"),
                        moment -> injection.reach(ChaosPlace.valueOf(moment.name())));
        server = new WorkerFixture(new SessionFixture(store, SessionSettings.DEFAULT), host);
        server.base.sessions.turns().voidLeases();
        worker = worker(server.base.sessions);
    }

    private Worker worker(Sessions sessions) {
        List<Tool> tools =
                BuiltinTools.all().stream()
                        .map(tool -> (Tool) new ChaosTool(tool, injection))
                        .toList();
        return new Worker(
                sessions,
                server.base.deployments,
                models,
                tools,
                server.sandboxes,
                WorkerFixture.SETTINGS,
                server.base.clock);
    }

    Outcome run() throws Exception {
        server.base.deployments.deploy(
                PROJECT,
                List.of(
                        AgentDefinition.of("coder", ModelRef.parse("scripted/any"))
                                .approve(ChaosScript.APPROVE)
                                .build()));
        SessionId session = server.newSession();
        injection.arm();
        for (String text : ChaosScript.TURNS) {
            send(session, text);
            awaitEnd(session);
        }
        injection.disarm();
        send(session, "more"); // whatever happened: the session is usable
        awaitEnd(session);
        List<ObjectNode> journal = journal(session);
        return new Outcome(
                journal,
                Map.of("effects", file(session, "effects"), "notes", file(session, "notes")),
                kept(journal),
                server.sandboxes
                        .list(PROJECT, SandboxFilter.ALL, 10, Optional.empty())
                        .items()
                        .size());
    }

    /// As a client does that looks before it sends again.
    private void send(SessionId session, String text) throws Exception {
        for (int tries = 0; tries < 50; tries++) {
            if (journal(session).stream().anyMatch(e -> e.path("text").asText().equals(text))) {
                return;
            }
            try {
                server.base.sessions.send(PROJECT, session, TurnInput.ofMessage(text));
            } catch (CarrelException | Injection.Died e) {
                reviveIfDead();
            }
        }
        throw new AssertionError("cannot send " + text);
    }

    private void awaitEnd(SessionId session) throws Exception {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (busy(session)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("stuck: " + journal(session));
            }
            reviveIfDead();
            decide(session);
            if (injection.frozen()) {
                finishElsewhere(session, deadline);
                injection.thaw();
                awaitNoRuns(deadline);
            }
            tryRound(worker);
            if (worker.running() == 0) {
                server.base.clock.tick(Duration.ofSeconds(1));
            }
            TimeUnit.MILLISECONDS.sleep(2);
        }
        awaitNoRuns(deadline);
        reviveIfDead();
    }

    /// As somebody does who is asked; who got no answer looks again.
    private void decide(SessionId session) {
        SessionApprovals approvals = server.base.sessions.approvals();
        for (PendingApproval each : approvals.pending(PROJECT, session)) {
            var word =
                    each.callId().equals(ChaosScript.DENIED)
                            ? ApprovalDecision.deny("not that")
                            : ApprovalDecision.allow();
            try {
                approvals.decide(PROJECT, session, each.callId(), word);
            } catch (CarrelException | Injection.Died e) {
                return;
            }
        }
    }

    private boolean busy(SessionId session) {
        SessionState state = server.base.session(session).state();
        return state != SessionState.IDLE && state != SessionState.FAILED;
    }

    /// Another process on the same database, while this one stands still for longer than its lease.
    private void finishElsewhere(SessionId session, long deadline) throws Exception {
        server.base.clock.tick(SessionFixture.LEASE);
        Worker other =
                worker(
                        new Sessions(
                                server.base.store,
                                server.base.deployments,
                                SessionSettings.DEFAULT,
                                server.base.clock));
        while (busy(session) && System.nanoTime() < deadline) {
            decide(session);
            tryRound(other);
            TimeUnit.MILLISECONDS.sleep(2);
        }
        other.close(LONG);
    }

    private void awaitNoRuns(long deadline) throws InterruptedException {
        while (worker.running() > 0 && System.nanoTime() < deadline && !injection.frozen()) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    private static void tryRound(Worker worker) {
        try {
            worker.round();
        } catch (CarrelException | Injection.Died e) {
            // The worker's own loop logs it and tries again.
        }
    }

    private void reviveIfDead() {
        if (injection.dead()) {
            stop();
            injection.revive();
            start();
        }
    }

    private void stop() {
        worker.close(LONG);
        try {
            server.sandboxes.close();
        } catch (Injection.Died e) {
            // A dead process writes nothing down on its way out.
        }
        server.base.close();
    }

    private List<ObjectNode> journal(SessionId session) {
        var all = new ArrayList<ObjectNode>();
        for (StreamItem.Recorded entry : server.base.sessions.events(PROJECT, session, 0, 10_000)) {
            all.add(EventJson.of(entry));
        }
        return all;
    }

    private String file(SessionId session, String name) {
        return server.base
                .session(session)
                .sandbox()
                .map(sandbox -> {
                    try (var in =
                            server.sandboxes
                                    .files(PROJECT, sandbox)
                                    .read("/workspace/" + name, 0)) {
                        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    } catch (CarrelException e) {
                        return "";
                    }
                })
                .orElse("");
    }

    /// What a command in the background writes may be there or not.
    private Map<String, String> kept(List<ObjectNode> journal) throws IOException {
        var kept = new HashMap<String, String>();
        for (ObjectNode entry : journal) {
            if (entry.has("snapshot")) {
                String snapshot = entry.path("snapshot").asText();
                Path workspace = home.resolve("host").resolve(snapshot).resolve("workspace");
                String effects = text(workspace.resolve("effects"));
                kept.put(
                        snapshot,
                        effects.replace(ChaosScript.IN_BACKGROUND + "\n", "")
                                + "|"
                                + text(workspace.resolve("notes")));
            }
        }
        return kept;
    }

    private static String text(Path file) throws IOException {
        assertThat(file.getParent()).isDirectory();
        return Files.exists(file) ? Files.readString(file) : "";
    }

    @Override
    public void close() throws IOException {
        stop();
        provider.close();
        host.close();
    }
}

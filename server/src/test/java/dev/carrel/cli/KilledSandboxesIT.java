package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.SandboxCalls;
import dev.carrel.client.UnreachableException;
import dev.carrel.error.CarrelException;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.IdleRules;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real server is killed after each step of a sandbox's life; the next one finishes what it
/// began.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class KilledSandboxesIT {
    private static final Duration DEATH_MAX = Duration.ofSeconds(30);

    @TempDir Path home;

    /// What kills the server, and what the next one has to find.
    private record Case(String step, Deed deed, Check check) {}

    /// Something that a server does not survive.
    private interface Deed {
        void on(SandboxCalls sandboxes, String id);
    }

    /// Looks at what there is after the restart.
    private interface Check {
        void on(SandboxCalls sandboxes, String id);
    }

    @Test
    void nextServerFinishesWhateverTheLastOneBegan() throws Exception {
        List<Case> cases =
                List.of(
                        new Case("create_row", KilledSandboxesIT::create, this::isNothing),
                        new Case("create_host", KilledSandboxesIT::create, this::isNothing),
                        new Case("create_ready", KilledSandboxesIT::create, this::isOne),
                        new Case("change_row", KilledSandboxesIT::shrink, this::isSmall),
                        new Case("change_host", KilledSandboxesIT::shrink, this::isSmall),
                        new Case("pause_host", SandboxCalls::pause, this::isPaused),
                        new Case("stop_row", KilledSandboxesIT::idle, this::works),
                        new Case("stop_host", KilledSandboxesIT::idle, this::isStopped),
                        new Case("delete_row", SandboxCalls::delete, this::isGone),
                        new Case("delete_host", SandboxCalls::delete, this::isGone));
        for (Case each : cases) {
            String id = killedAfter(each);
            try (LocalServer server = LocalServer.start(home, Map.of())) {
                SandboxCalls sandboxes = client(server).sandboxes();
                each.check().on(sandboxes, id);
                sandboxes.list().data().forEach(left -> sandboxes.delete(left.id()));
                assertThat(folders()).as("after " + each.step()).isZero();
            }
        }
    }

    private String killedAfter(Case each) throws Exception {
        String variable = "sandbox:" + each.step();
        LocalServer server = LocalServer.start(home, Map.of("CARREL_FAILPOINT", variable));
        SandboxCalls sandboxes = client(server).sandboxes();
        String id = "";
        try {
            if (!each.step().startsWith("create")) {
                id = sandboxes.create(SandboxRequest.defaults()).id();
                sandboxes.writeFile(id, "/workspace/f", "kept".getBytes(StandardCharsets.UTF_8));
            }
            each.deed().on(sandboxes, id);
        } catch (UnreachableException e) {
            // It died before it could answer.
        }
        assertThat(server.process().onExit().get(DEATH_MAX.toSeconds(), TimeUnit.SECONDS).isAlive())
                .as("the server dies after " + each.step())
                .isFalse();
        return id;
    }

    private static void create(SandboxCalls sandboxes, String id) {
        sandboxes.create(SandboxRequest.builder().name("made").build());
    }

    private static void shrink(SandboxCalls sandboxes, String id) {
        var small = new ResourceLimits(Optional.empty(), Optional.of(64), Optional.empty());
        sandboxes.change(id, SandboxChange.NONE.withResources(small));
    }

    private static void idle(SandboxCalls sandboxes, String id) {
        sandboxes.change(id, SandboxChange.NONE.withIdle(IdleRules.of(0, 1)));
    }

    private void isNothing(SandboxCalls sandboxes, String id) {
        assertThat(sandboxes.list().data()).isEmpty();
    }

    private void isOne(SandboxCalls sandboxes, String id) {
        SandboxInfo made = sandboxes.list().data().getFirst();
        assertThat(made.name()).contains("made");
        assertThat(output(sandboxes, made.id(), "echo up")).isEqualTo("up\n");
    }

    private void isSmall(SandboxCalls sandboxes, String id) {
        assertThat(sandboxes.get(id).resources().memoryMb()).contains(64);
        works(sandboxes, id);
        assertThat(output(sandboxes, id, "head -c 200000000 /dev/zero | tail > /dev/null; echo $?"))
                .isNotEqualTo("0\n");
    }

    private void isPaused(SandboxCalls sandboxes, String id) {
        assertThat(sandboxes.get(id).state()).isEqualTo("paused");
        works(sandboxes, id);
    }

    private void isStopped(SandboxCalls sandboxes, String id) {
        assertThat(sandboxes.get(id).state()).isEqualTo("stopped");
        assertThat(sandboxes.get(id).reason()).contains("idle");
        works(sandboxes, id);
    }

    private void isGone(SandboxCalls sandboxes, String id) {
        assertThat(
                        catchThrowableOfType(CarrelException.class, () -> sandboxes.get(id))
                                .getMessage())
                .contains("deleted by key");
    }

    private void works(SandboxCalls sandboxes, String id) {
        assertThat(output(sandboxes, id, "cat f")).isEqualTo("kept");
    }

    private static String output(SandboxCalls sandboxes, String id, String line) {
        return sandboxes.execute(id, ExecuteRequest.of(Command.line(line))).stdout();
    }

    private long folders() throws IOException {
        try (Stream<Path> all = Files.list(home.resolve("sandboxes"))) {
            return all.count();
        }
    }

    private static CarrelClient client(LocalServer server) throws IOException {
        return new CarrelClient(java.net.URI.create(server.url()), server.key());
    }
}

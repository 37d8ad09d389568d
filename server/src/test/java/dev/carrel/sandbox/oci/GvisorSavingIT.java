package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SavedMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Saving that breaks off, and saving that goes on when its server has ended: wherever it stands
/// when the next one comes, what ran goes on once, from where it was.
class GvisorSavingIT extends HostFixture {
    private static final Resources SMALL = new Resources(1, 128, 64, 60);
    private static final int SIGKILL = 9;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    /// Begins once, says so, and counts.
    private static final String COUNTER =
            "echo begun >> begun; i=0; while :; do i=$((i+1)); echo $i > m; mv m n; sleep 0.05;"
                    + " done";

    @TempDir Path gates;

    private final ExecutorService others = Executors.newVirtualThreadPerTaskExecutor();
    private final SandboxId id = SandboxId.next();
    private final SandboxSpec spec = spec(NetworkPolicy.OFF, SMALL);
    private RunningSandbox sandbox;
    private long counted;

    @BeforeAll
    static void requireGvisor() {
        TestHost.requireGvisor();
    }

    @Override
    Isolation isolation() {
        return Isolation.GVISOR;
    }

    @BeforeEach
    void count() throws Exception {
        sandbox = runtime.create(id, spec);
        var request =
                new ExecutionRequest(
                        List.of("sh", "-c", COUNTER),
                        "/workspace",
                        Map.of(),
                        "",
                        Duration.ofSeconds(100),
                        4096);
        assertThat(sandbox.start(ExecutionId.next(), request).isRunning()).isTrue();
        Eventually.holds(() -> counter() > 2);
        counted = counter();
    }

    @AfterEach
    void end() throws Exception {
        Files.deleteIfExists(gates.resolve("closed"));
        others.shutdownNow();
        assertThat(others.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    private long counter() throws Exception {
        String text = run(sandbox, "cat n").stdout().strip();
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    private void goesOn() throws Exception {
        long now = counter();
        assertThat(now).isGreaterThanOrEqualTo(counted);
        Eventually.holds(() -> counter() > now + 2);
        assertThat(run(sandbox, "cat begun").stdout()).isEqualTo("begun\n");
    }

    private void runsAndNothingIsSaved(Optional<RunningSandbox> found) throws Exception {
        sandbox = found.orElseThrow();
        goesOn();
        assertThat(runtime.memory(id).saved()).isFalse();
        assertThat(begun()).doesNotExist();
        assertThat(pool().resolve(id + ".memory-beside")).doesNotExist();
    }

    @Test
    void whatTheServerSavesWhenItEndsGoesOn() throws Exception {
        int kernel = kernel();
        Linux.kill(kernel, SIGSTOP);
        Future<?> saving = others.submit(() -> runtime.saveMemory(id, spec));
        Eventually.holds(this::isLocked);
        others.shutdownNow();
        assertThatThrownBy(saving::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(CarrelException.class);

        openAgain();
        runsAndNothingIsSaved(foundWhile(() -> Linux.kill(kernel, SIGCONT)));
    }

    @Test
    void whatTakesTooLongGoesOn() throws Exception {
        int kernel = kernel();
        runtime.close();
        Linux.kill(kernel, SIGSTOP);
        Path half = begin();
        assertThatThrownBy(() -> saving().save(half, whole(), Duration.ofSeconds(1)))
                .isInstanceOf(HostCommand.TimedOut.class);

        runtime = host.open();
        runsAndNothingIsSaved(foundWhile(() -> Linux.kill(kernel, SIGCONT)));
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
        sandbox = runtime.start(id, spec);
        goesOn();
    }

    private interface Opening {
        void open() throws IOException;
    }

    /// What saves it has been stopped, and goes on when the next server waits for it.
    private Optional<RunningSandbox> foundWhile(Opening gate) throws Exception {
        var finder = new CompletableFuture<Optional<RunningSandbox>>();
        Thread.startVirtualThread(() -> finder.complete(runtime.find(id, spec)));
        Eventually.holds(() -> !Files.exists(begun()));
        assertThat(finder.isDone()).isFalse();
        gate.open();
        return finder.get(30, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"runsc pause", "runsc checkpoint", "sync -f .", "mv"})
    void whatIsNotWholeWhenTheNextServerComesNeverWillBe(String step) throws Exception {
        Future<?> earlier = saveUntil(step);
        runtime = host.open();

        runsAndNothingIsSaved(foundWhile(() -> Files.delete(gates.resolve("closed"))));
        earlier.get();
        // One that begins only now, and had still to look.
        assertThat(saving().save(begun(), whole(), Duration.ofSeconds(10))).isPresent();
        runsAndNothingIsSaved(Optional.of(sandbox));
    }

    @Test
    void whatIsWholeWhenTheNextServerComesIsUsed() throws Exception {
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
        String madeWith = Files.readString(whole().resolve("made-with"));
        sandbox = runtime.start(id, spec);
        goesOn();
        counted = counter();
        Future<?> earlier = saveUntil("sync -f " + whole());
        Files.writeString(whole().resolve("made-with"), madeWith);
        runtime = host.open();

        assertThat(runtime.find(id, spec)).isEmpty();
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.SAVED);
        sandbox = runtime.start(id, spec);
        goesOn();
        Files.delete(gates.resolve("closed"));
        earlier.get();

        goesOn();
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.NONE);
    }

    @Test
    void whatHasNoRoomRunsOn() throws Exception {
        runtime.close();
        Path half = begin();
        Btrfs.limit(half, 32 << 10); // far less than any kernel has
        assertThat(saving().save(half, whole(), Duration.ofSeconds(20)))
                .hasValue("its memory needs more room on disk than there is");
        runtime = host.open();
        runsAndNothingIsSaved(runtime.find(id, spec));
    }

    @Test
    void whatIsLeftOfASandboxThatEndedMeanwhileIsRemoved() throws Exception {
        int kernel = kernel();
        runtime.close();
        Path half = begin();
        Linux.kill(kernel, SIGKILL);

        runtime = host.open();

        assertThat(runtime.find(id, spec)).isEmpty();
        assertThat(half).doesNotExist();
        assertThat(runtime.memory(id))
                .isEqualTo(SavedMemory.lost("it ended while its memory was saved"));
    }

    /// As by a server that has ended meanwhile.
    private Future<?> saveUntil(String step) throws Exception {
        runtime.close();
        String[] parts = step.split(" ", 2);
        String pattern = parts.length == 1 ? "*" : "*'" + parts[1] + "'*";
        gate(parts[0], pattern);
        var saving = saving().saving(begin(), whole());
        var environment = new HashMap<>(saving.env());
        environment.put(
                "PATH", gates + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        var running = new AtomicReference<>(others.submit(() -> saving.withEnv(environment).run()));
        Eventually.holds(() -> {
            // Pid 1 may not have noticed yet that its server is gone.
            if (running.get().isDone()) {
                running.set(others.submit(() -> saving.withEnv(environment).run()));
            }
            return Files.exists(gates.resolve("reached"));
        });
        return running.get();
    }

    private void gate(String program, String pattern) throws Exception {
        Files.createFile(gates.resolve("closed"));
        Path gate = gates.resolve(program);
        Files.writeString(
                gate,
                """
                #!/bin/sh
                case "$*" in
                %s) : >%s/reached; while [ -e %s/closed ]; do sleep 0.02; done ;;
                esac
                exec %s "$@"
                """
                        .formatted(pattern, gates, gates, HostCommand.find(program).orElseThrow()));
        assertThat(gate.toFile().setExecutable(true)).isTrue();
    }

    private Path begin() throws Exception {
        Files.delete(folder(id).door().resolve(RunDirectory.CHANNEL));
        Btrfs.createSubvolume(pool(), begun().getFileName().toString());
        return begun();
    }

    private RunscSaving saving() throws Exception {
        Path state = Instance.of(host.home()).runscState().resolve(id.value());
        return new RunscSaving(folder(id), state);
    }

    private boolean isLocked() throws Exception {
        String folder = folder(id).path().toString();
        return HostCommand.of("flock", "-n", folder, "true").run().exitCode() != 0;
    }

    private int kernel() throws Exception {
        return Integer.parseInt(Files.readString(folder(id).pid()).strip());
    }

    private Path begun() {
        return pool().resolve(id + ".memory-begun");
    }

    private Path whole() {
        return pool().resolve(id + ".memory");
    }

    private static Path pool() {
        return host.home().resolve("pool");
    }
}

package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.sandbox.oci.Eventually;
import java.io.ByteArrayInputStream;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Pauses with memory on disk, and who is in their way.
class SandboxesToDiskTest extends SandboxesFixture {
    private static final String UNTIL_GO = "while [ ! -e go ]; do sleep 0.02; done; echo went";

    private Sandbox sandbox;

    @BeforeEach
    void createOneThatCanBeSaved() {
        restart(SETTINGS, new FakeRuntime(host, EnumSet.of(Isolation.CONTAINER, Isolation.GVISOR)));
        sandbox =
                sandboxes.create(
                        PROJECT,
                        SandboxSpec.defaults().toBuilder().isolation(Isolation.GVISOR).build());
    }

    @Test
    void whatIsPausedToDiskGoesOnWithItsMemory() throws Exception {
        Execution waiting =
                sandboxes.startInBackground(
                        PROJECT, sandbox.id(), ExecutionId.next(), shell(UNTIL_GO));

        Sandbox saved = pauseToDisk();

        assertThat(saved.state()).isEqualTo(SandboxState.STOPPED);
        assertThat(saved.reason()).contains("paused");
        assertThat(saved.memory()).isEqualTo(SavedMemory.SAVED);
        assertThat(pauseToDisk().memory()).isEqualTo(SavedMemory.SAVED);
        write(sandbox, "go", "");
        assertThat(waiting.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("went\n");
    }

    @Test
    void commandThatSomebodyWaitsForIsInItsWay() throws Exception {
        Execution waiting = start(sandbox, UNTIL_GO);

        assertCode(ErrorCode.CONFLICT, this::pauseToDisk);

        assertRunsOn();
        write(sandbox, "go", "");
        assertThat(waiting.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("went\n");
    }

    @Test
    void commandThatStartsMeanwhileIsInItsWay() throws Exception {
        var pausing = new FutureTask<>(() -> pauseToDisk().state());
        host.at(
                Step.BEFORE_EXECUTE,
                () -> {
                    Thread pauser = Thread.ofPlatform().start(pausing);
                    awaitState(pauser, Thread.State.TIMED_WAITING);
                });

        Execution waiting = start(sandbox, UNTIL_GO);

        assertFailed(pausing);
        assertRunsOn();
        write(sandbox, "go", "");
        assertThat(waiting.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("went\n");
    }

    @Test
    void commandThatComesMeanwhileWaitsAndWakesIt() throws Exception {
        var running = new FutureTask<>(() -> run(sandbox, "echo ran").stdout());
        host.at(
                Step.BEFORE_SAVE,
                () -> awaitState(Thread.ofPlatform().start(running), Thread.State.TIMED_WAITING));

        pauseToDisk();

        assertThat(running.get()).isEqualTo("ran\n");
        assertThat(host.count(Step.BEFORE_EXECUTE)).isEqualTo(1);
    }

    @Test
    void uploadIsInItsWay() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var slow =
                new ByteArrayInputStream("all".getBytes(UTF_8)) {
                    @Override
                    public synchronized int read(byte[] bytes, int offset, int length) {
                        begun.countDown();
                        awaitUnchecked(go);
                        return super.read(bytes, offset, length);
                    }
                };
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> upload =
                    threads.submit(() ->
                            sandboxes.files(PROJECT, sandbox.id()).write("/workspace/file", slow));
            awaitUnchecked(begun);

            assertCode(ErrorCode.CONFLICT, this::pauseToDisk);

            assertRunsOn();
            go.countDown();
            upload.get();
        }
        assertThat(pauseToDisk().memory()).isEqualTo(SavedMemory.SAVED);
        assertThat(read(sandbox, "file")).isEqualTo("all");
    }

    @Test
    void whatCannotBeSavedRunsOn() {
        host.refuseToSave("it has a socket of its own");

        assertCode(ErrorCode.CONFLICT, this::pauseToDisk);

        assertRunsOn();
    }

    private void assertRunsOn() {
        Sandbox now = sandboxes.get(PROJECT, sandbox.id());
        assertThat(now.state()).isEqualTo(SandboxState.RUNNING);
        assertThat(now.reason()).isEqualTo(Optional.empty());
    }

    private static void assertFailed(FutureTask<?> pausing) {
        assertCode(
                ErrorCode.CONFLICT,
                () -> {
                    try {
                        pausing.get();
                    } catch (ExecutionException e) {
                        throw e.getCause();
                    }
                });
    }

    /// It waits for the lock, or for the end of calls.
    private static void awaitState(Thread thread, Thread.State state) {
        try {
            Eventually.holds(() -> thread.getState() == state);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Sandbox pauseToDisk() {
        return sandboxes.pauseToDisk(PROJECT, sandbox.id());
    }
}

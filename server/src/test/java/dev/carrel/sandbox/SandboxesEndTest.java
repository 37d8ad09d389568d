package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;

/// What the end of one sandbox, or its trouble, is to others and to those who wait for it.
class SandboxesEndTest extends SandboxesFixture {
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch go = new CountDownLatch(1);

    @Test
    void whoWaitsToSaveOrForkASandboxIsToldWhyItIsGone() {
        Sandbox sandbox = create();
        var snapshots = sandboxes.snapshots();
        Snapshot kept = snapshots.take(PROJECT, sandbox.id(), Optional.empty(), Map.of());
        try (var executor = executor()) {
            hold(sandbox, executor);
            Future<?> delete =
                    inLine(
                            executor,
                            () -> sandboxes.delete(PROJECT, sandbox.id(), DeletionReason.EXPIRED));
            List<Future<?>> uses =
                    List.of(
                            inLine(
                                    executor,
                                    () ->
                                            snapshots.take(
                                                    PROJECT,
                                                    sandbox.id(),
                                                    Optional.empty(),
                                                    Map.of())),
                            inLine(
                                    executor,
                                    () ->
                                            sandboxes.fork(
                                                    PROJECT,
                                                    sandbox.id(),
                                                    1,
                                                    Optional.empty(),
                                                    Map.of())),
                            inLine(
                                    executor,
                                    () -> snapshots.restore(PROJECT, sandbox.id(), kept.id())));
            go.countDown();

            assertThat(delete).succeedsWithin(Duration.ofSeconds(20));
            for (Future<?> use : uses) {
                assertThatThrownBy(use::get).hasMessageContaining("expired");
            }
        }
    }

    @Test
    void nothingIsSavedOnceTheServerStops() {
        Sandbox sandbox = create();
        sandboxes.close();

        assertCode(
                ErrorCode.UNAVAILABLE,
                () ->
                        sandboxes
                                .snapshots()
                                .take(PROJECT, sandbox.id(), Optional.empty(), Map.of()));
    }

    @Test
    void troubleWithOneSandboxIsNothingToTheReapingOfOthers() {
        for (int i = 0; i < 3; i++) {
            create();
        }
        host.at(
                Step.BEFORE_PAUSE,
                () -> {
                    throw new IllegalStateException("something unforeseen");
                });
        clock.tick(Duration.ofMinutes(15));

        sandboxes.reapOnce();

        assertThat(list(PROJECT, in(SandboxState.PAUSED))).hasSize(2);
        assertThat(list(PROJECT, in(SandboxState.RUNNING))).hasSize(1);
    }

    @Test
    void sandboxThatIsBeingChangedDoesNotHoldTheReaperUp() {
        Sandbox busy = create();
        Sandbox mortal = sandboxes.create(PROJECT, withTtl(Duration.ofMinutes(15)));
        clock.tick(Duration.ofMinutes(15));
        try (var executor = executor()) {
            hold(busy, executor);

            sandboxes.reapOnce();

            assertThat(list(PROJECT, SandboxFilter.ALL)).containsExactly(busy.id());
            go.countDown();
        }
        assertAllNotFound(PROJECT, mortal.id());
    }

    private ExecutorService executor() {
        ThreadFactory virtual = Thread.ofVirtual().factory();
        return Executors.newThreadPerTaskExecutor(work -> {
            Thread thread = virtual.newThread(work);
            threads.add(thread);
            return thread;
        });
    }

    /// Somebody has its lock until `go`.
    private void hold(Sandbox sandbox, ExecutorService executor) {
        var held = new CountDownLatch(1);
        host.at(
                Step.BEFORE_PAUSE,
                () -> {
                    held.countDown();
                    awaitUnchecked(go);
                });
        executor.submit(() -> sandboxes.pause(PROJECT, sandbox.id()));
        awaitUnchecked(held);
    }

    /// Begins `work`, which waits for a lock; those who began before are served before.
    private Future<?> inLine(ExecutorService executor, Runnable work) {
        Future<?> begun = executor.submit(work);
        while (threads.getLast().getState() != Thread.State.TIMED_WAITING && !begun.isDone()) {
            Thread.onSpinWait();
        }
        return begun;
    }

    private static SandboxFilter in(SandboxState state) {
        return new SandboxFilter(Optional.of(state), Optional.empty(), Map.of());
    }
}

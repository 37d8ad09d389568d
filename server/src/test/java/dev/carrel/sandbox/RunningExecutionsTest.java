package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.sandbox.FakeHost.Step;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningExecutionsTest {
    private static final int IN_ALL = 2;

    @TempDir Path home;
    private final ExecutionLimits limits = new ExecutionLimits(4, IN_ALL);
    private FakeHost host;
    private FakeRuntime runtime;

    @BeforeEach
    void open() {
        host = new FakeHost(home);
        runtime = new FakeRuntime(host);
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void closingGivesBackThePlacesOfWhatRuns() {
        for (int i = 0; i < 3; i++) {
            RunningSandbox sandbox = create();
            var executions = new RunningExecutions(SandboxId.next(), limits);
            for (int j = 0; j < IN_ALL; j++) {
                start(executions, sandbox, "sleep 40");
            }
            assertThatThrownBy(() -> start(executions, sandbox, "true"))
                    .isInstanceOf(CarrelException.class);

            executions.close();
            executions.close();
        }
        assertAllFree();
    }

    @Test
    void closingWhileOneIsBeingStartedGivesItsPlaceBackOnce() throws Exception {
        RunningSandbox sandbox = create();
        var executions = new RunningExecutions(SandboxId.next(), limits);
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        host.at(
                Step.BEFORE_EXECUTE,
                () -> {
                    begun.countDown();
                    SandboxesFixture.awaitUnchecked(go);
                });
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var starting = threads.submit(() -> start(executions, sandbox, "sleep 40"));
            SandboxesFixture.awaitUnchecked(begun);
            executions.close();
            go.countDown();
            starting.get();
        }
        assertAllFree();
    }

    @Test
    void whatIsAdoptedOrStartedAfterwardsDoesNotCount() {
        RunningSandbox sandbox = create();
        sandbox.start(ExecutionId.next(), ExecutionRequest.shell("sleep 40", "/workspace"));
        var executions = new RunningExecutions(SandboxId.next(), limits);
        executions.close();

        executions.adopt(sandbox);
        start(executions, sandbox, "sleep 40");

        assertAllFree();
    }

    private RunningSandbox create() {
        return runtime.create(SandboxId.next(), SandboxSpec.defaults());
    }

    private static Execution start(RunningExecutions in, RunningSandbox sandbox, String line) {
        var request = ExecutionRequest.shell(line, "/workspace");
        return in.start(ExecutionId.next(), request, sandbox);
    }

    private void assertAllFree() {
        for (int i = 0; i < IN_ALL; i++) {
            assertThat(limits.tryTake()).isTrue();
        }
        assertThat(limits.tryTake()).isFalse();
    }
}

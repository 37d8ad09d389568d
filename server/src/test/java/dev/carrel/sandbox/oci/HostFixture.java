package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/// A host for each class and a runtime for each test, on this machine's real kernel; nothing of a
/// test is left for the next one.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class HostFixture {
    static TestHost host;

    OciRuntime runtime;

    @BeforeAll
    static void makeHost() throws Exception {
        host = TestHost.make();
    }

    @AfterAll
    static void removeHost() throws Exception {
        host.remove();
    }

    @BeforeEach
    final void open() {
        runtime = host.open();
    }

    @AfterEach
    final void destroyAll() {
        runtime.remains().forEach(runtime::destroy);
        runtime.snapshots().forEach(runtime::deleteSnapshot);
        assertThat(runtime.remains()).isEmpty();
        runtime.close();
    }

    /// As a server that was started again: the sandboxes are there, who held them is not.
    final void openAgain() {
        runtime.close();
        runtime = host.open();
    }

    /// The level of the sandboxes that are tested.
    Isolation isolation() {
        return Isolation.CONTAINER;
    }

    final SandboxSpec spec(NetworkPolicy network, Resources resources) {
        return TestHost.spec(isolation(), network, resources);
    }

    final RunningSandbox create(NetworkPolicy network, Resources resources) {
        return runtime.create(SandboxId.next(), spec(network, resources));
    }

    static SandboxFolder folder(SandboxId id) throws Exception {
        return Instance.of(host.home()).sandbox(id);
    }

    static ExecutionResult run(RunningSandbox sandbox, String line) throws InterruptedException {
        return sandbox.start(ExecutionId.next(), ExecutionRequest.shell(line, "/workspace"))
                .follow(Execution.OutputListener.NONE);
    }
}

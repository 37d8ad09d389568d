package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/// A fresh sandbox for each test of a runtime, and the ways to use it.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class RuntimeFixture {
    static final Duration LONG = Duration.ofSeconds(50);
    static final Duration SHORT = Duration.ofSeconds(1);

    private final Set<SandboxId> made = new HashSet<>();
    SandboxRuntime runtime;
    SandboxId id;
    RunningSandbox sandbox;

    /// A runtime on the host that all runtimes of one test share: the second call plays a server
    /// that was started again.
    protected abstract SandboxRuntime openRuntime() throws Exception;

    /// Runs after each test, when its sandboxes are destroyed and its runtimes closed.
    protected void clean() throws Exception {}

    @BeforeEach
    void createSandbox() throws Exception {
        runtime = openRuntime();
        id = newId();
        sandbox = runtime.create(id, spec());
    }

    @AfterEach
    void destroySandboxes() throws Exception {
        made.forEach(runtime::destroy);
        runtime.close();
        clean();
    }

    protected final RunningSandbox sandbox() {
        return sandbox;
    }

    protected final ExecutionResult run(String line) throws InterruptedException {
        return run(shell(line));
    }

    protected final ExecutionResult run(ExecutionRequest request) throws InterruptedException {
        return sandbox.start(ExecutionId.next(), request).follow(Execution.OutputListener.NONE);
    }

    SandboxId newId() {
        SandboxId next = SandboxId.next();
        made.add(next);
        return next;
    }

    /// The level of the sandboxes that are tested.
    protected Isolation isolation() {
        return Isolation.CONTAINER;
    }

    SandboxSpec spec() {
        SandboxSpec defaults = SandboxSpec.defaults();
        return defaults.toBuilder()
                .isolation(isolation())
                .network(NetworkPolicy.OFF)
                .env(Map.of("OF_SANDBOX", "a", "BOTH", "sandbox"))
                .build();
    }

    static ExecutionRequest shell(String line) {
        return ExecutionRequest.shell(line, "/workspace");
    }

    static ExecutionRequest request(List<String> command) {
        return new ExecutionRequest(
                command, "/workspace", Map.of(), "", LONG, ExecutionRequest.OUTPUT_BYTES_DEFAULT);
    }

    static ExecutionRequest withStdin(String line, String stdin) {
        return new ExecutionRequest(
                List.of("/bin/sh", "-c", line),
                "/workspace",
                Map.of(),
                stdin,
                LONG,
                ExecutionRequest.OUTPUT_BYTES_DEFAULT);
    }

    static ExecutionRequest limited(String line, long outputBytes, Duration timeout) {
        return new ExecutionRequest(
                List.of("/bin/sh", "-c", line), "/workspace", Map.of(), "", timeout, outputBytes);
    }

    ExecutionResult recorded(Execution execution) {
        return runtime.execution(id, execution.id()).orElseThrow().result();
    }

    String read(String path) throws IOException {
        return textOf(sandbox, path);
    }

    static String textOf(RunningSandbox sandbox, String path) throws IOException {
        try (InputStream input = sandbox.files().read(path, 0)) {
            return new String(input.readAllBytes(), UTF_8);
        }
    }

    List<String> paths(String path, boolean recursive, int limit) {
        return sandbox.files().list(path, recursive, limit).stream().map(FileStat::path).toList();
    }

    static InputStream content(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8));
    }

    static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    /// Something that a real process brings about soon.
    interface Condition {
        boolean holds() throws Exception;
    }

    static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /// Collects what a follower is told.
    static final class Heard implements Execution.OutputListener {
        final StringBuffer stdout = new StringBuffer();
        final StringBuffer stderr = new StringBuffer();

        @Override
        public void output(Execution.Stream stream, String text) {
            (stream == Execution.Stream.STDOUT ? stdout : stderr).append(text);
        }
    }
}

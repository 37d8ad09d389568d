package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import dev.carrel.store.SettableClock;
import dev.carrel.store.Store;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Sandboxes on a [FakeHost] with a real database, and the ways to use them.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class SandboxesFixture {
    static final ProjectId PROJECT = new ProjectId("default");
    static final ProjectId OTHER = new ProjectId("other");
    static final int PER_PROJECT = 30;
    static final SandboxSettings SETTINGS =
            new SandboxSettings(
                    PER_PROJECT,
                    PER_PROJECT + 5,
                    4,
                    Isolation.CONTAINER,
                    IdleRules.DEFAULT,
                    WarmSettings.NONE,
                    SandboxSettings.AtClose.KEEP);

    @TempDir Path home;
    final SettableClock clock = SettableClock.atNoon();
    Store store;
    FakeHost host;
    Sandboxes sandboxes;

    @BeforeEach
    void open() throws IOException {
        store = Store.open(home.resolve("carrel.db"));
        var keys = new Keys(store, clock);
        keys.ensureProject(PROJECT);
        keys.ensureProject(OTHER);
        host = new FakeHost(Files.createDirectory(home.resolve("sandboxes")));
        restart();
    }

    @AfterEach
    void close() {
        host.close();
        store.close();
    }

    /// As after kill -9: nothing of the old objects is asked any more.
    void restart() {
        restart(SETTINGS);
    }

    void restart(SandboxSettings settings) {
        restart(settings, new FakeRuntime(host));
    }

    void restart(SandboxSettings settings, FakeRuntime runtime) {
        sandboxes = new Sandboxes(store, runtime, settings, clock);
        sandboxes.reconcile();
    }

    Sandbox create() {
        return sandboxes.create(PROJECT, SandboxSpec.defaults());
    }

    static SandboxSpec owned(String owner) {
        return SandboxSpec.defaults().withOwner(owner);
    }

    static SandboxSpec withTtl(Duration ttl) {
        return spec(Optional.empty(), Map.of(), Optional.of(ttl));
    }

    static SandboxSpec labelled(String user, Map<String, String> metadata) {
        return spec(Optional.of(user), metadata, Optional.empty());
    }

    static SandboxSpec spec(
            Optional<String> user, Map<String, String> metadata, Optional<Duration> ttl) {
        SandboxSpec defaults = SandboxSpec.defaults();
        return defaults.toBuilder().metadata(metadata).user(user).ttl(ttl).build();
    }

    static SandboxFilter filter(Optional<String> user, Map<String, String> metadata) {
        return new SandboxFilter(Optional.empty(), user, metadata);
    }

    List<SandboxId> list(ProjectId project, SandboxFilter filter) {
        return sandboxes.list(project, filter, 100, Optional.empty()).items().stream()
                .map(Sandbox::id)
                .toList();
    }

    static ExecutionRequest shell(String line) {
        return ExecutionRequest.shell(line, "/workspace");
    }

    Execution start(Sandbox sandbox, String line) {
        return sandboxes.start(PROJECT, sandbox.id(), ExecutionId.next(), shell(line));
    }

    ExecutionResult run(Sandbox sandbox, String line) throws InterruptedException {
        return start(sandbox, line).follow(Execution.OutputListener.NONE);
    }

    void write(Sandbox sandbox, String name, String text) {
        sandboxes
                .files(PROJECT, sandbox.id())
                .write("/workspace/" + name, new ByteArrayInputStream(text.getBytes(UTF_8)));
    }

    String read(Sandbox sandbox, String name) throws IOException {
        try (var input = sandboxes.files(PROJECT, sandbox.id()).read("/workspace/" + name, 0)) {
            return new String(input.readAllBytes(), UTF_8);
        }
    }

    List<String> rows() {
        return store.read(handle ->
                handle.createQuery("select id from sandboxes").mapTo(String.class).list());
    }

    Instant storedActivity(Sandbox sandbox) {
        return new SandboxRows(store, SETTINGS)
                .all().stream()
                        .filter(row -> row.id().equals(sandbox.id()))
                        .findFirst()
                        .orElseThrow()
                        .lastActiveAt();
    }

    void assertAllNotFound(ProjectId project, SandboxId id) {
        assertCode(ErrorCode.SANDBOX_NOT_FOUND, () -> sandboxes.get(project, id));
        assertCode(ErrorCode.SANDBOX_NOT_FOUND, () -> sandboxes.files(project, id));
        assertCode(ErrorCode.SANDBOX_NOT_FOUND, () -> sandboxes.delete(project, id));
        assertCode(
                ErrorCode.SANDBOX_NOT_FOUND,
                () -> sandboxes.start(project, id, ExecutionId.next(), shell("true")));
        assertCode(
                ErrorCode.SANDBOX_NOT_FOUND,
                () -> sandboxes.execution(project, id, ExecutionId.next()));
    }

    void assertNothingLeft() {
        assertThat(rows()).isEmpty();
        assertThat(host.ids()).isEmpty();
        assertThat(list(PROJECT, SandboxFilter.ALL)).isEmpty();
    }

    static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    static <T> List<T> atOnce(int threads, Callable<T> call) throws Exception {
        var results = new ArrayList<T>();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<T> result : executor.invokeAll(Collections.nCopies(threads, call))) {
                results.add(result.get());
            }
        }
        return results;
    }

    static void awaitUnchecked(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

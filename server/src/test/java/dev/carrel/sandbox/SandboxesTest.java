package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.store.Page;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SandboxesTest {
    private static final ProjectId PROJECT = new ProjectId("default");
    private static final ProjectId OTHER = new ProjectId("other");
    private static final int PER_PROJECT = 30;
    private static final SandboxSettings SETTINGS =
            new SandboxSettings(PER_PROJECT, PER_PROJECT + 5, 4, SandboxSettings.AtClose.KEEP);

    @TempDir Path home;
    private final SettableClock clock = SettableClock.atNoon();
    private Store store;
    private FakeHost host;
    private Sandboxes sandboxes;

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

    @Test
    void createdSandboxRunsCommandsAndHoldsFiles() throws Exception {
        Sandbox sandbox = create();

        assertThat(sandbox.state()).isEqualTo(SandboxState.RUNNING);
        assertThat(sandbox.createdAt()).isEqualTo(clock.instant());
        assertThat(sandboxes.get(PROJECT, sandbox.id())).isEqualTo(sandbox);
        write(sandbox, "in", "text");
        ExecutionResult result = run(sandbox, "cat in; echo seen > out");
        assertThat(result.stdout()).isEqualTo("text");
        assertThat(read(sandbox, "out")).isEqualTo("seen\n");
    }

    @Test
    void deletedSandboxIsGoneForEverybody() throws Exception {
        Sandbox sandbox = create();
        SandboxFiles files = sandboxes.files(PROJECT, sandbox.id());
        Execution running = start(sandbox, "sleep 40");

        sandboxes.delete(PROJECT, sandbox.id());

        assertAllNotFound(PROJECT, sandbox.id());
        assertCode(ErrorCode.SANDBOX_NOT_FOUND, () -> files.stat("/workspace"));
        assertThat(running.result().status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        assertNothingLeft();
    }

    @Test
    void anotherProjectsSandboxIsNotFound() {
        Sandbox sandbox = create();

        assertAllNotFound(OTHER, sandbox.id());
        assertThat(list(OTHER, SandboxFilter.ALL)).isEmpty();
        assertThat(sandboxes.get(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.RUNNING);
    }

    @Test
    void sameExecutionIdStartsNothingAgain() throws Exception {
        Sandbox sandbox = create();
        ExecutionId id = ExecutionId.next();
        for (int i = 0; i < 3; i++) {
            sandboxes
                    .start(PROJECT, sandbox.id(), id, shell("echo x >> log"))
                    .follow(Execution.OutputListener.NONE);
        }

        assertThat(read(sandbox, "log")).isEqualTo("x\n");
        assertThat(sandboxes.execution(PROJECT, sandbox.id(), id).result().status())
                .isEqualTo(ExecutionStatus.COMPLETED);
        assertCode(
                ErrorCode.EXECUTION_NOT_FOUND,
                () -> sandboxes.execution(PROJECT, sandbox.id(), ExecutionId.next()));
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_CREATE", "HALF_CREATED", "AFTER_CREATE"})
    void failedCreateLeavesNothing(Step step) {
        host.failAt(step);

        assertCode(ErrorCode.SANDBOX_FAILED, this::create);

        assertNothingLeft();
        assertThat(create().state()).isEqualTo(SandboxState.RUNNING);
    }

    @Test
    void whatCannotBeRemovedIsRemovedLater() {
        host.failAt(Step.AFTER_CREATE);
        host.failAt(Step.BEFORE_DESTROY);
        assertCode(ErrorCode.SANDBOX_FAILED, this::create);
        assertThat(rows()).hasSize(1);
        Sandbox sandbox = create();
        host.failAt(Step.HALF_DESTROYED);
        sandboxes.delete(PROJECT, sandbox.id());
        assertAllNotFound(PROJECT, sandbox.id());
        assertThat(rows()).hasSize(2);

        sandboxes.reapOnce();

        assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_CREATE", "HALF_CREATED", "AFTER_CREATE"})
    void serverThatDiesWhileCreatingLeavesNothing(Step step) {
        host.dieAt(step);
        assertThatThrownBy(() -> sandboxes.createForOwner(PROJECT, owned("ses_1")))
                .isInstanceOf(ServerDied.class);
        assertThat(rows()).hasSize(1);

        restart();

        assertNothingLeft();
        assertThat(sandboxes.createForOwner(PROJECT, owned("ses_1")).state())
                .isEqualTo(SandboxState.RUNNING);
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_DESTROY", "HALF_DESTROYED", "AFTER_DESTROY"})
    void serverThatDiesWhileDeletingHasDeleted(Step step) {
        Sandbox sandbox = create();
        host.dieAt(step);
        assertThatThrownBy(() -> sandboxes.delete(PROJECT, sandbox.id()))
                .isInstanceOf(ServerDied.class);
        assertThat(rows()).hasSize(1);

        restart();

        assertAllNotFound(PROJECT, sandbox.id());
        assertNothingLeft();
    }

    @Test
    void serverThatDiesWhileReconcilingIsFinishedByTheNext() {
        host.dieAt(Step.AFTER_CREATE);
        assertThatThrownBy(this::create).isInstanceOf(ServerDied.class);
        host.dieAt(Step.HALF_DESTROYED);
        assertThatThrownBy(this::restart).isInstanceOf(ServerDied.class);

        restart();

        assertNothingLeft();
    }

    @Test
    void commandsGoOnOverARestartOfTheServer() throws Exception {
        Sandbox sandbox = sandboxes.createForOwner(PROJECT, owned("ses_1"));
        Execution before = start(sandbox, "while [ ! -e go ]; do sleep 0.02; done; echo went");

        restart();

        assertThat(sandboxes.get(PROJECT, sandbox.id())).isEqualTo(sandbox);
        assertThat(sandboxes.createForOwner(PROJECT, owned("ses_1")).id()).isEqualTo(sandbox.id());
        Execution after = sandboxes.execution(PROJECT, sandbox.id(), before.id());
        assertThat(after.result().status()).isEqualTo(ExecutionStatus.RUNNING);
        write(sandbox, "go", "");
        assertThat(after.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("went\n");
        assertThat(host.count(Step.BEFORE_START)).isZero();
    }

    @Test
    void rebootStopsSandboxesAndTheirUseStartsThem() throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "kept");
        Execution cut = start(sandbox, "sleep 40");
        host.killInit(sandbox.id());

        restart();

        assertThat(sandboxes.get(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.STOPPED);
        assertThat(sandboxes.execution(PROJECT, sandbox.id(), cut.id()).result().status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(host.count(Step.BEFORE_START)).isZero();
        assertThat(read(sandbox, "file")).isEqualTo("kept");
        assertThat(sandboxes.get(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.RUNNING);
    }

    @Test
    void sandboxThatDiedIsStartedAgainOnceByAllWhoUseIt() throws Exception {
        Sandbox sandbox = create();
        SandboxFiles files = sandboxes.files(PROJECT, sandbox.id());
        write(sandbox, "file", "kept");
        host.killInit(sandbox.id());

        atOnce(20, () -> files.stat("/workspace/file"));

        assertThat(run(sandbox, "cat file").stdout()).isEqualTo("kept");
        assertThat(host.count(Step.AFTER_START)).isEqualTo(1);
    }

    @Test
    void failedStartIsTriedAgainAtTheNextUse() throws Exception {
        Sandbox sandbox = create();
        host.killInit(sandbox.id());
        host.failAt(Step.BEFORE_START);

        assertCode(ErrorCode.SANDBOX_FAILED, () -> run(sandbox, "true"));

        assertThat(sandboxes.get(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.STOPPED);
        assertThat(run(sandbox, "echo up").stdout()).isEqualTo("up\n");
    }

    @Test
    void whatNobodyKnowsIsRemovedAtStart() {
        Sandbox known = create();
        new FakeRuntime(host).create(SandboxId.next(), SandboxSpec.defaults());

        restart();

        assertThat(host.ids()).containsExactly(known.id());
    }

    @Test
    void sandboxWhoseDiskIsGoneIsForgottenAtStart() {
        Sandbox lost = sandboxes.createForOwner(PROJECT, owned("ses_1"));
        host.remove(lost.id());

        restart();

        assertAllNotFound(PROJECT, lost.id());
        assertThat(sandboxes.createForOwner(PROJECT, owned("ses_1")).id()).isNotEqualTo(lost.id());
    }

    @Test
    void sandboxGoesAtTheEndOfItsTtl() {
        Sandbox mortal = sandboxes.create(PROJECT, withTtl(Duration.ofHours(1)));
        Sandbox other = create();
        assertThat(mortal.expiresAt()).contains(clock.instant().plus(Duration.ofHours(1)));

        clock.tick(Duration.ofMinutes(59));
        sandboxes.reapOnce();
        assertThat(sandboxes.get(PROJECT, mortal.id()).state()).isEqualTo(SandboxState.RUNNING);
        clock.tick(Duration.ofMinutes(1));
        restart();
        sandboxes.reapOnce();

        assertAllNotFound(PROJECT, mortal.id());
        assertThat(host.ids()).containsExactly(other.id());
    }

    @Test
    void ownerHasOneSandboxHoweverManyAsk() throws Exception {
        Set<SandboxId> ids =
                new HashSet<>(
                        atOnce(20, () -> sandboxes.createForOwner(PROJECT, owned("ses_1")).id()));

        assertThat(ids).hasSize(1);
        assertThat(host.count(Step.BEFORE_CREATE)).isEqualTo(1);
        assertThat(rows()).hasSize(1);
        assertThat(sandboxes.createForOwner(OTHER, owned("ses_1")).id()).isNotIn(ids);
        assertCode(ErrorCode.CONFLICT, () -> sandboxes.create(PROJECT, owned("ses_1")));
    }

    @Test
    void whoWaitsForACreationThatFailsMakesTheSandbox() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        host.at(
                Step.HALF_CREATED,
                () -> {
                    begun.countDown();
                    awaitUnchecked(go);
                    throw new CarrelException(ErrorCode.SANDBOX_FAILED, "no luck");
                });
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Sandbox> first =
                    threads.submit(() -> sandboxes.createForOwner(PROJECT, owned("ses_1")));
            awaitUnchecked(begun);
            Future<Sandbox> second =
                    threads.submit(() -> sandboxes.createForOwner(PROJECT, owned("ses_1")));
            go.countDown();

            assertThat(second.get().state()).isEqualTo(SandboxState.RUNNING);
            assertThatThrownBy(first::get).hasRootCauseMessage("no luck");
        }
        assertThat(rows()).hasSize(1);
    }

    @Test
    void ownerMayHaveANewSandboxWhenTheOldIsDeleted() {
        Sandbox old = sandboxes.createForOwner(PROJECT, owned("ses_1"));
        sandboxes.delete(PROJECT, old.id());

        assertThat(sandboxes.createForOwner(PROJECT, owned("ses_1")).id()).isNotEqualTo(old.id());
    }

    @Test
    void sandboxesOfAProjectAreLimited() throws Exception {
        atOnce(PER_PROJECT, this::create);

        assertThatThrownBy(this::create)
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_SANDBOXES))
                .hasMessageContaining("project default has 30")
                .hasMessageContaining("delete some");
        for (int i = 0; i < 5; i++) {
            sandboxes.create(OTHER, SandboxSpec.defaults());
        }
        assertThatThrownBy(() -> sandboxes.create(OTHER, SandboxSpec.defaults()))
                .hasMessageContaining("this server has 35");
        assertThat(host.ids()).hasSize(35);
    }

    @Test
    void runningCommandsOfASandboxAreLimited() throws Exception {
        Sandbox sandbox = create();
        for (int i = 0; i < 10; i++) {
            run(sandbox, "true");
        }
        List<Execution> running = new ArrayList<>();
        for (int i = 0; i < SETTINGS.executionsAtOnceMax(); i++) {
            running.add(start(sandbox, "sleep 40"));
        }

        assertCode(ErrorCode.TOO_MANY_EXECUTIONS, () -> start(sandbox, "true"));
        assertThat(
                        sandboxes
                                .start(
                                        PROJECT,
                                        sandbox.id(),
                                        running.getFirst().id(),
                                        shell("true"))
                                .result()
                                .status())
                .isEqualTo(ExecutionStatus.RUNNING);
        running.getFirst().kill();
        new FakeRuntime(host)
                .execution(sandbox.id(), running.getFirst().id())
                .orElseThrow()
                .follow(Execution.OutputListener.NONE);
        assertThat(run(sandbox, "echo room").stdout()).isEqualTo("room\n");
    }

    @Test
    void activityIsWrittenDownByTheReaperAndNotByCommands() throws Exception {
        Sandbox sandbox = create();
        Instant made = clock.instant();
        clock.tick(Duration.ofSeconds(50));
        run(sandbox, "true");
        sandboxes.reapOnce();
        assertThat(storedActivity(sandbox)).isEqualTo(made);
        clock.tick(Duration.ofSeconds(50));
        run(sandbox, "true");

        assertThat(sandboxes.get(PROJECT, sandbox.id()).lastActiveAt()).isEqualTo(clock.instant());
        assertThat(storedActivity(sandbox)).isEqualTo(made);
        sandboxes.reapOnce();
        assertThat(storedActivity(sandbox)).isEqualTo(clock.instant());
    }

    @Test
    void closingKeepsSandboxesAndWritesTheirActivity() throws Exception {
        Sandbox sandbox = create();
        clock.tick(Duration.ofSeconds(1));
        run(sandbox, "true");

        sandboxes.close();

        assertCode(ErrorCode.UNAVAILABLE, this::create);
        assertThat(host.ids()).containsExactly(sandbox.id());
        assertThat(storedActivity(sandbox)).isEqualTo(clock.instant());
        assertThat(rows()).hasSize(1);
    }

    @Test
    void temporaryServerTakesItsSandboxesWithIt() {
        restart(SETTINGS.with(SandboxSettings.AtClose.DESTROY));
        for (int i = 0; i < 10; i++) {
            create();
        }

        sandboxes.close();

        assertNothingLeft();
        assertCode(ErrorCode.UNAVAILABLE, this::create);
        assertNothingLeft();
    }

    @Test
    void listShowsWhatMatchesNewestFirst() {
        Sandbox first = sandboxes.create(PROJECT, labelled("ann", Map.of("a", "1", "b", "2")));
        Sandbox second = sandboxes.create(PROJECT, labelled("ben", Map.of("a", "1")));
        clock.tick(Duration.ofSeconds(1));
        Sandbox third = sandboxes.create(PROJECT, labelled("ann", Map.of()));
        host.killInit(second.id());

        assertThat(list(PROJECT, SandboxFilter.ALL))
                .containsExactlyInAnyOrder(first.id(), second.id(), third.id())
                .startsWith(third.id());
        assertThat(list(PROJECT, filter(Optional.of("ann"), Map.of())))
                .containsExactly(third.id(), first.id());
        assertThat(list(PROJECT, filter(Optional.empty(), Map.of("a", "1"))))
                .containsExactlyInAnyOrder(first.id(), second.id());
        assertThat(list(PROJECT, filter(Optional.of("ann"), Map.of("a", "2")))).isEmpty();
        assertThat(
                        list(
                                PROJECT,
                                new SandboxFilter(
                                        Optional.of(SandboxState.STOPPED),
                                        Optional.empty(),
                                        Map.of())))
                .containsExactly(second.id());
    }

    @Test
    void pagesCoverTheListWithoutRepeats() {
        Set<SandboxId> made = new HashSet<>();
        for (int i = 0; i < 7; i++) {
            made.add(create().id());
        }
        List<SandboxId> seen = new ArrayList<>();
        Optional<String> cursor = Optional.empty();
        do {
            Page<Sandbox> page = sandboxes.list(PROJECT, SandboxFilter.ALL, 3, cursor);
            page.items().forEach(sandbox -> seen.add(sandbox.id()));
            cursor = page.next();
        } while (cursor.isPresent());

        assertThat(seen).containsExactlyInAnyOrderElementsOf(made);
    }

    @Test
    void fullDatabaseMakesNoSandbox() {
        create();
        store.write(handle -> handle.execute("pragma max_page_count = 1"));
        SandboxSpec big = labelled("x", Map.of("big", "v".repeat(1000), "more", "w".repeat(1000)));

        assertCode(
                ErrorCode.DISK_FULL,
                () -> {
                    for (int i = 0; i < PER_PROJECT; i++) {
                        sandboxes.create(PROJECT, big);
                        store.write(handle -> handle.execute("pragma max_page_count = 1"));
                    }
                });

        assertThat(host.ids()).hasSameSizeAs(rows());
    }

    /// As after kill -9: nothing of the old objects is asked any more.
    private void restart() {
        restart(SETTINGS);
    }

    private void restart(SandboxSettings settings) {
        sandboxes = new Sandboxes(store, new FakeRuntime(host), settings, clock);
        sandboxes.reconcile();
    }

    private Sandbox create() {
        return sandboxes.create(PROJECT, SandboxSpec.defaults());
    }

    private static SandboxSpec owned(String owner) {
        return SandboxSpec.defaults().withOwner(owner);
    }

    private static SandboxSpec withTtl(Duration ttl) {
        return spec(Optional.empty(), Map.of(), Optional.of(ttl));
    }

    private static SandboxSpec labelled(String user, Map<String, String> metadata) {
        return spec(Optional.of(user), metadata, Optional.empty());
    }

    private static SandboxSpec spec(
            Optional<String> user, Map<String, String> metadata, Optional<Duration> ttl) {
        SandboxSpec defaults = SandboxSpec.defaults();
        return new SandboxSpec(
                Optional.empty(),
                defaults.image(),
                defaults.isolation(),
                defaults.resources(),
                defaults.network(),
                Map.of(),
                metadata,
                user,
                ttl,
                Optional.empty());
    }

    private static SandboxFilter filter(Optional<String> user, Map<String, String> metadata) {
        return new SandboxFilter(Optional.empty(), user, metadata);
    }

    private List<SandboxId> list(ProjectId project, SandboxFilter filter) {
        return sandboxes.list(project, filter, 100, Optional.empty()).items().stream()
                .map(Sandbox::id)
                .toList();
    }

    private static ExecutionRequest shell(String line) {
        return ExecutionRequest.shell(line, "/workspace");
    }

    private Execution start(Sandbox sandbox, String line) {
        return sandboxes.start(PROJECT, sandbox.id(), ExecutionId.next(), shell(line));
    }

    private ExecutionResult run(Sandbox sandbox, String line) throws InterruptedException {
        return start(sandbox, line).follow(Execution.OutputListener.NONE);
    }

    private void write(Sandbox sandbox, String name, String text) {
        sandboxes
                .files(PROJECT, sandbox.id())
                .write("/workspace/" + name, new ByteArrayInputStream(text.getBytes(UTF_8)));
    }

    private String read(Sandbox sandbox, String name) throws IOException {
        try (var input = sandboxes.files(PROJECT, sandbox.id()).read("/workspace/" + name, 0)) {
            return new String(input.readAllBytes(), UTF_8);
        }
    }

    private List<String> rows() {
        return store.read(handle ->
                handle.createQuery("select id from sandboxes").mapTo(String.class).list());
    }

    private Instant storedActivity(Sandbox sandbox) {
        return new SandboxRows(store, SETTINGS)
                .all().stream()
                        .filter(row -> row.id().equals(sandbox.id()))
                        .findFirst()
                        .orElseThrow()
                        .lastActiveAt();
    }

    private void assertAllNotFound(ProjectId project, SandboxId id) {
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

    private void assertNothingLeft() {
        assertThat(rows()).isEmpty();
        assertThat(host.ids()).isEmpty();
        assertThat(list(PROJECT, SandboxFilter.ALL)).isEmpty();
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static <T> List<T> atOnce(int threads, Callable<T> call) throws Exception {
        var results = new ArrayList<T>();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<T> result : executor.invokeAll(Collections.nCopies(threads, call))) {
                results.add(result.get());
            }
        }
        return results;
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

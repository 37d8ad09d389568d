package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.store.Page;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SandboxesTest extends SandboxesFixture {
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

    @Test
    void sandboxGoesAtTheEndOfItsTtl() {
        Sandbox mortal = sandboxes.create(PROJECT, withTtl(Duration.ofHours(1)));
        Sandbox other = create();
        assertThat(mortal.expiresAt()).contains(clock.instant().plus(Duration.ofHours(1)));

        clock.tick(Duration.ofMinutes(59));
        sandboxes.reapOnce();
        assertThat(sandboxes.get(PROJECT, mortal.id()).state()).isEqualTo(SandboxState.PAUSED);
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
}

package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SandboxesRecoveryTest extends SandboxesFixture {
    @Test
    void whatCouldNotBeRemovedDoesNotKeepItsOwnerFromANewOne() {
        host.failAt(Step.AFTER_CREATE);
        host.failAt(Step.BEFORE_DESTROY);
        assertCode(
                ErrorCode.SANDBOX_FAILED, () -> sandboxes.createForOwner(PROJECT, owned("ses_1")));
        assertThat(rows()).hasSize(1);

        Sandbox second = sandboxes.createForOwner(PROJECT, owned("ses_1"));

        assertThat(rows()).containsExactly(second.id().value());
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
    void sandboxThatEndsJustBeforeItsUseIsStartedAgain() throws Exception {
        Sandbox sandbox = create();
        host.at(Step.BEFORE_EXECUTE, () -> host.killInit(sandbox.id()));

        assertThat(run(sandbox, "echo ran").stdout()).isEqualTo("ran\n");
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
}

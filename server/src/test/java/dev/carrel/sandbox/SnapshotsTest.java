package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.store.Page;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SnapshotsTest extends SandboxesFixture {
    @Test
    void snapshotIsListedReadAndDeletedByItsProjectOnly() {
        Sandbox sandbox = create();
        write(sandbox, "file", "x");
        Snapshot taken =
                sandboxes
                        .snapshots()
                        .take(PROJECT, sandbox.id(), Optional.of("first"), Map.of("k", "v"));
        clock.tick(Duration.ofSeconds(1));
        Snapshot second = take(sandbox);

        assertThat(taken.name()).contains("first");
        assertThat(taken.metadata()).containsEntry("k", "v");
        assertThat(taken.sandbox()).isEqualTo(sandbox.id());
        assertThat(taken.image()).isEqualTo("coding");
        assertThat(taken.sizeBytes()).isPositive();
        assertThat(list(Optional.empty())).containsExactly(second.id(), taken.id());
        assertThat(list(Optional.of(sandbox.id()))).hasSize(2);
        assertThat(list(Optional.of(SandboxId.next()))).isEmpty();
        assertThat(
                        sandboxes
                                .snapshots()
                                .list(OTHER, Optional.empty(), 10, Optional.empty())
                                .items())
                .isEmpty();
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND, () -> sandboxes.snapshots().get(OTHER, taken.id()));
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND,
                () -> sandboxes.snapshots().delete(OTHER, taken.id()));
        sandboxes.snapshots().delete(PROJECT, taken.id());
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND,
                () -> sandboxes.snapshots().delete(PROJECT, taken.id()));
        assertThat(list(Optional.empty())).containsExactly(second.id());
        assertThat(host.snapshots().ids()).containsExactly(second.id());
    }

    @Test
    void listsArePaged() {
        Sandbox sandbox = create();
        List<SnapshotId> taken = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            taken.addFirst(take(sandbox).id());
        }

        List<SnapshotId> listed = new ArrayList<>();
        Optional<String> cursor = Optional.empty();
        do {
            Page<Snapshot> page = sandboxes.snapshots().list(PROJECT, Optional.empty(), 2, cursor);
            page.items().forEach(snapshot -> listed.add(snapshot.id()));
            cursor = page.next();
        } while (cursor.isPresent());

        assertThat(listed).containsExactlyInAnyOrderElementsOf(taken);
    }

    @Test
    void sandboxIsMadeFromASnapshotOfItsProjectOnly() throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "then");
        Snapshot taken = take(sandbox);
        write(sandbox, "file", "now");
        sandboxes.delete(PROJECT, sandbox.id());

        Sandbox copy = sandboxes.create(PROJECT, from(taken.id()));

        assertThat(read(copy, "file")).isEqualTo("then");
        assertThat(copy.spec().image()).isEqualTo("coding");
        assertThat(copy.spec().snapshot()).contains(taken.id());
        assertCode(ErrorCode.SNAPSHOT_NOT_FOUND, () -> sandboxes.create(OTHER, from(taken.id())));
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND,
                () -> sandboxes.create(PROJECT, from(SnapshotId.next())));
        assertThat(rows()).hasSize(1);
    }

    @Test
    void restoreBringsTheFilesBackAndKeepsTheSandbox() throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "then");
        Snapshot taken = take(sandbox);
        write(sandbox, "file", "now");
        Execution cut = start(sandbox, "sleep 40");

        Sandbox restored = sandboxes.snapshots().restore(PROJECT, sandbox.id(), taken.id());

        assertThat(restored.id()).isEqualTo(sandbox.id());
        assertThat(restored.state()).isEqualTo(SandboxState.RUNNING);
        assertThat(read(sandbox, "file")).isEqualTo("then");
        assertThat(sandboxes.execution(PROJECT, sandbox.id(), cut.id()).result().status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND,
                () -> sandboxes.snapshots().restore(OTHER, sandbox.id(), taken.id()));
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND,
                () -> sandboxes.snapshots().restore(PROJECT, sandbox.id(), SnapshotId.next()));
    }

    @Test
    void forksAreIndependentAndLeaveNoSnapshot() throws Exception {
        Sandbox sandbox = sandboxes.createForOwner(PROJECT, owned("ses_1"));
        write(sandbox, "file", "base");

        List<Sandbox> forks =
                sandboxes.fork(PROJECT, sandbox.id(), 3, Optional.of("fork"), Map.of("n", "1"));
        write(forks.get(0), "file", "mine");

        assertThat(forks).hasSize(3).allMatch(fork -> fork.state() == SandboxState.RUNNING);
        Set<SandboxId> ids = new HashSet<>(forks.stream().map(Sandbox::id).toList());
        assertThat(ids).hasSize(3).doesNotContain(sandbox.id());
        assertThat(forks.get(1).spec().owner()).isEmpty();
        assertThat(forks.get(1).spec().snapshot()).isEmpty();
        assertThat(forks.get(1).spec().name()).contains("fork");
        assertThat(forks.get(1).spec().metadata()).containsEntry("n", "1");
        assertThat(read(forks.get(1), "file")).isEqualTo("base");
        assertThat(read(sandbox, "file")).isEqualTo("base");
        assertThat(host.snapshots().ids()).isEmpty();
        assertCode(ErrorCode.INVALID_REQUEST, () -> fork(sandbox, 0));
        assertCode(ErrorCode.INVALID_REQUEST, () -> fork(sandbox, Forks.AT_ONCE_MAX + 1));
        assertCode(
                ErrorCode.SANDBOX_NOT_FOUND,
                () -> sandboxes.fork(OTHER, sandbox.id(), 1, Optional.empty(), Map.of()));
    }

    @Test
    void allForksAreMadeOrNone() {
        Sandbox sandbox = create();
        for (int i = 3; i < PER_PROJECT; i++) {
            create();
        }

        assertCode(ErrorCode.TOO_MANY_SANDBOXES, () -> fork(sandbox, 4));

        assertThat(rows()).hasSize(PER_PROJECT - 2);
        assertThat(host.ids()).hasSize(PER_PROJECT - 2);
        assertThat(host.snapshots().ids()).isEmpty();
        assertThat(fork(sandbox, 2)).hasSize(2);
    }

    @Test
    void snapshotsOfAProjectAreBounded() {
        Sandbox sandbox = create();
        for (int i = 0; i < Snapshots.PER_PROJECT_MAX; i++) {
            take(sandbox);
        }

        assertCode(ErrorCode.TOO_MANY_SNAPSHOTS, () -> take(sandbox));

        assertThat(host.snapshots().ids()).hasSize(Snapshots.PER_PROJECT_MAX);
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_SNAPSHOT", "AFTER_SNAPSHOT"})
    void failedSnapshotLeavesNothing(Step step) {
        Sandbox sandbox = create();
        host.failAt(step);

        assertCode(ErrorCode.SANDBOX_FAILED, () -> take(sandbox));

        assertNoSnapshots();
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_SNAPSHOT", "AFTER_SNAPSHOT"})
    void serverThatDiesWhileTakingLeavesNothing(Step step) throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "kept");
        host.dieAt(step);
        assertThatThrownBy(() -> take(sandbox)).isInstanceOf(ServerDied.class);

        restart();

        assertNoSnapshots();
        assertThat(read(sandbox, "file")).isEqualTo("kept");
        assertThat(take(sandbox).sizeBytes()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_SNAPSHOT_DELETE", "AFTER_SNAPSHOT_DELETE"})
    void serverThatDiesWhileDeletingHasDeleted(Step step) {
        Snapshot taken = take(create());
        host.dieAt(step);
        assertThatThrownBy(() -> sandboxes.snapshots().delete(PROJECT, taken.id()))
                .isInstanceOf(ServerDied.class);

        restart();

        assertNoSnapshots();
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_RESTORE", "AFTER_RESTORE", "BEFORE_START", "AFTER_START"})
    void serverThatDiesWhileRestoringLosesNothing(Step step) throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "then");
        Snapshot taken = take(sandbox);
        write(sandbox, "file", "now");
        host.dieAt(step);
        assertThatThrownBy(() -> sandboxes.snapshots().restore(PROJECT, sandbox.id(), taken.id()))
                .isInstanceOf(ServerDied.class);

        restart();

        assertThat(read(sandbox, "file")).isEqualTo(step == Step.BEFORE_RESTORE ? "now" : "then");
        assertThat(list(Optional.empty())).containsExactly(taken.id());
    }

    @ParameterizedTest
    @EnumSource(names = {"AFTER_SNAPSHOT", "HALF_CREATED", "AFTER_CREATE"})
    void serverThatDiesWhileForkingLeavesNothingHalf(Step step) {
        Sandbox sandbox = create();
        host.dieAt(step);
        assertThatThrownBy(() -> fork(sandbox, 1)).isInstanceOf(ServerDied.class);

        restart();

        assertNoSnapshots();
        assertThat(rows()).containsExactly(sandbox.id().value());
        assertThat(host.ids()).containsExactly(sandbox.id());
    }

    @Test
    void whatCannotBeDeletedIsDeletedLater() {
        Snapshot taken = take(create());
        host.failAt(Step.BEFORE_SNAPSHOT_DELETE);
        sandboxes.snapshots().delete(PROJECT, taken.id());
        assertThat(list(Optional.empty())).isEmpty();
        assertThat(host.snapshots().ids()).hasSize(1);

        sandboxes.reapOnce();

        assertNoSnapshots();
    }

    @Test
    void snapshotThatTheHostHasLostIsForgottenAndStrangersAreRemoved() {
        Snapshot taken = take(create());
        host.snapshots().delete(taken.id());
        var stranger = SnapshotId.next();
        host.snapshots().take(home, stranger);

        restart();

        assertNoSnapshots();
    }

    private void assertNoSnapshots() {
        assertThat(list(Optional.empty())).isEmpty();
        assertThat(host.snapshots().ids()).isEmpty();
        assertThat(new SnapshotRows(store).unfinished()).isEmpty();
    }

    private Snapshot take(Sandbox sandbox) {
        return sandboxes.snapshots().take(PROJECT, sandbox.id(), Optional.empty(), Map.of());
    }

    private List<Sandbox> fork(Sandbox sandbox, int count) {
        return sandboxes.fork(PROJECT, sandbox.id(), count, Optional.empty(), Map.of());
    }

    private static SandboxSpec from(SnapshotId snapshot) {
        return SandboxSpec.defaults().from(snapshot, SandboxSpec.DEFAULT_IMAGE);
    }

    private List<SnapshotId> list(Optional<SandboxId> sandbox) {
        return sandboxes.snapshots().list(PROJECT, sandbox, 100, Optional.empty()).items().stream()
                .map(Snapshot::id)
                .toList();
    }
}

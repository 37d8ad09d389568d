package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises about saved files.
abstract class SnapshotContract extends MemoryContract {
    private final List<SnapshotId> taken = new ArrayList<>();

    @AfterEach
    void deleteSnapshots() {
        taken.forEach(runtime::deleteSnapshot);
    }

    private SnapshotId take() {
        SnapshotId next = SnapshotId.next();
        taken.add(next);
        assertThat(runtime.takeSnapshot(id, next)).isNotNegative();
        return next;
    }

    private RunningSandbox createFrom(SandboxId other, SnapshotId snapshot) {
        return runtime.create(other, spec().from(snapshot, spec().image()));
    }

    @Test
    void sandboxMadeFromASnapshotHasItsFilesAndIsAnother() throws Exception {
        sandbox.files().write("/workspace/file", content("then"));
        SnapshotId snapshot = take();
        sandbox.files().write("/workspace/file", content("now"));
        sandbox.files().write("/workspace/more", content("x"));
        SandboxId other = newId();

        RunningSandbox copy = createFrom(other, snapshot);

        assertThat(runtime.snapshots()).contains(snapshot);
        assertThat(textOf(copy, "/workspace/file")).isEqualTo("then");
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> copy.files().stat("/workspace/more"));
        copy.files().write("/workspace/file", content("copy"));
        assertThat(read("/workspace/file")).isEqualTo("now");
    }

    @Test
    void snapshotSurvivesItsSandbox() throws Exception {
        sandbox.files().write("/workspace/file", content("kept"));
        SnapshotId snapshot = take();
        runtime.destroy(id);

        RunningSandbox copy = createFrom(newId(), snapshot);
        runtime.deleteSnapshot(snapshot);
        runtime.deleteSnapshot(snapshot);

        assertThat(textOf(copy, "/workspace/file")).isEqualTo("kept");
        assertThat(runtime.snapshots()).doesNotContain(snapshot);
        assertCode(ErrorCode.SNAPSHOT_NOT_FOUND, () -> createFrom(newId(), snapshot));
    }

    @Test
    void snapshotOfAStoppedOrPausedSandboxLeavesItSo() throws Exception {
        sandbox.files().write("/workspace/file", content("kept"));
        sandbox.pause();
        SnapshotId paused = take();
        assertThat(sandbox.isPaused()).isTrue();
        sandbox.resume();
        runtime.stop(id);

        SnapshotId stopped = take();

        assertThat(runtime.find(id, spec())).isEmpty();
        assertThat(textOf(createFrom(newId(), paused), "/workspace/file")).isEqualTo("kept");
        assertThat(textOf(createFrom(newId(), stopped), "/workspace/file")).isEqualTo("kept");
    }

    @Test
    void commandsGoOnAfterASnapshot() throws Exception {
        Execution running =
                sandbox.start(
                        ExecutionId.next(),
                        shell("echo begun; while [ ! -e go ]; do sleep 0.02; done; echo ended"));
        await(() -> running.result().stdout().equals("begun\n"));

        SnapshotId snapshot = take();

        assertThat(sandbox.isPaused()).isFalse();
        sandbox.files().write("/workspace/go", content(""));
        assertThat(running.follow(Execution.OutputListener.NONE).stdout())
                .isEqualTo("begun\nended\n");
        assertThat(runtime.snapshots()).contains(snapshot);
    }

    @Test
    void restoredSandboxHasTheFilesOfTheSnapshotAndItsExecutions() throws Exception {
        sandbox.files().write("/workspace/file", content("then"));
        SnapshotId snapshot = take();
        sandbox.files().write("/workspace/file", content("now"));
        Execution cut = sandbox.start(ExecutionId.next(), shell("sleep 40"));

        runtime.restore(id, spec(), snapshot);
        assertThat(sandbox.isAlive()).isFalse();
        sandbox = runtime.start(id, spec());

        assertThat(read("/workspace/file")).isEqualTo("then");
        assertThat(recorded(cut).status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(run("cat file").stdout()).isEqualTo("then");
    }

    @Test
    void failedRestoreKeepsTheFiles() throws Exception {
        sandbox.files().write("/workspace/file", content("now"));

        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND, () -> runtime.restore(id, spec(), SnapshotId.next()));
        sandbox = runtime.start(id, spec());

        assertThat(read("/workspace/file")).isEqualTo("now");
    }

    @Test
    void anotherRuntimeFindsTheSnapshots() throws Exception {
        sandbox.files().write("/workspace/file", content("kept"));
        SnapshotId snapshot = take();

        runtime.close();
        runtime = openRuntime();
        sandbox = runtime.find(id, spec()).orElseThrow();

        assertThat(runtime.snapshots()).contains(snapshot);
        assertThat(textOf(createFrom(newId(), snapshot), "/workspace/file")).isEqualTo("kept");
    }
}

package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises of saved memory, if it saves any.
abstract class MemoryContract extends PauseContract {
    private static final String COUNT =
            "i=0; while [ ! -e go ]; do i=$((i+1)); echo $i; sleep 0.02; done; echo ended";

    private Execution counting;

    private void saveWhileCounting() throws Exception {
        assumeTrue(runtime.savesMemory(isolation()));
        counting = sandbox.start(ExecutionId.next(), shell(COUNT));
        await(() -> counting.result().stdout().lines().count() > 2);
        assertThat(runtime.saveMemory(id, spec())).isEmpty();
    }

    private void assertItWentOn() throws Exception {
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.NONE);
        Execution found = runtime.execution(id, counting.id()).orElseThrow();
        assertThat(found.result().status()).isEqualTo(ExecutionStatus.RUNNING);
        long lines = found.result().stdout().lines().count();
        await(() -> found.result().stdout().lines().count() > lines + 2);
        sandbox.files().write("/workspace/go", content(""));
        List<String> all = found.follow(Execution.OutputListener.NONE).stdout().lines().toList();
        for (int i = 0; i < all.size() - 1; i++) {
            assertThat(all.get(i)).isEqualTo(Integer.toString(i + 1));
        }
        assertThat(all.getLast()).isEqualTo("ended");
    }

    @Test
    void savedSandboxStandsStillAndGoesOnWhereItWas() throws Exception {
        saveWhileCounting();

        assertThat(sandbox.isAlive()).isFalse();
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.SAVED);
        assertThat(runtime.find(id, spec())).isEmpty();
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.SAVED);
        assertThat(runtime.executions(id, Cursor.START, 5).getFirst().status())
                .isEqualTo(ExecutionStatus.RUNNING);
        assertCode(ErrorCode.SANDBOX_NOT_RUNNING, () -> runtime.execution(id, counting.id()));

        sandbox = runtime.start(id, spec());

        assertItWentOn();
        assertThat(run("echo new").stdout()).isEqualTo("new\n");
    }

    @Test
    void whoeverFollowsWhatIsSavedIsToldSo() throws Exception {
        assumeTrue(runtime.savesMemory(isolation()));
        counting = sandbox.start(ExecutionId.next(), shell(COUNT));
        var told = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> following = threads.submit(() -> counting.follow((_, _) -> told.countDown()));
            told.await();
            assertThat(runtime.saveMemory(id, spec())).isEmpty();

            assertThatThrownBy(() -> following.get(20, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            CarrelException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.SANDBOX_NOT_RUNNING))
                    .hasMessageContaining("paused to disk");
        }
        sandbox = runtime.start(id, spec());
        assertItWentOn();
    }

    @Test
    void anotherRuntimeGoesOnWithWhatWasSavedTwice() throws Exception {
        saveWhileCounting();
        runtime.close();
        runtime = openRuntime();
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.SAVED);
        sandbox = runtime.start(id, spec());
        assertThat(runtime.saveMemory(id, spec())).isEmpty();
        sandbox = runtime.start(id, spec());

        assertItWentOn();
    }

    @Test
    void pausedSandboxIsSavedAndGoesOnAwake() throws Exception {
        assumeTrue(runtime.savesMemory(isolation()));
        counting = sandbox.start(ExecutionId.next(), shell(COUNT));
        sandbox.pause();
        assertThat(runtime.saveMemory(id, spec())).isEmpty();

        sandbox = runtime.start(id, spec());

        assertThat(sandbox.isPaused()).isFalse();
        assertItWentOn();
    }

    @Test
    void stoppingThrowsSavedMemoryAway() throws Exception {
        saveWhileCounting();

        runtime.stop(id);

        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.NONE);
        assertThat(recorded(counting).status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        sandbox = runtime.start(id, spec());
        assertThat(recorded(counting).status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(sandbox.executions()).isEmpty();
    }

    @Test
    void otherFilesThrowSavedMemoryAway() throws Exception {
        SnapshotId snapshot = SnapshotId.next();
        runtime.takeSnapshot(id, snapshot);
        saveWhileCounting();

        runtime.restore(id, spec(), snapshot);

        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.NONE);
        sandbox = runtime.start(id, spec());
        assertThat(sandbox.executions()).isEmpty();
        runtime.deleteSnapshot(snapshot);
    }

    @Test
    void droppedMemorySaysWhy() throws Exception {
        saveWhileCounting();

        runtime.dropMemory(id, "not wanted");

        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.lost("not wanted"));
        sandbox = runtime.start(id, spec());
        assertThat(recorded(counting).status()).isEqualTo(ExecutionStatus.INTERRUPTED);
    }

    @Test
    void savedSandboxCanBeDestroyed() throws Exception {
        saveWhileCounting();

        runtime.destroy(id);

        assertThat(runtime.remains()).doesNotContain(id);
    }
}

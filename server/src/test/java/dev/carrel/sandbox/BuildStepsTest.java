package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;

/// The files after the steps of builds: kept by key, shown to nobody.
class BuildStepsTest extends SandboxesFixture {
    private Sandbox begin(Optional<SnapshotId> step) {
        return sandboxes
                .builds()
                .begin(PROJECT, "build", "coding", step, NetworkPolicy.ON, Duration.ofHours(1));
    }

    private SnapshotId step(String key) {
        Sandbox sandbox = begin(Optional.empty());
        write(sandbox, "file", key);
        SnapshotId saved = sandboxes.builds().save("bld_x", PROJECT, sandbox.id(), key);
        sandboxes.delete(PROJECT, sandbox.id());
        return saved;
    }

    private Optional<SnapshotId> find(String key) {
        return sandboxes.builds().find("bld_x", PROJECT, key);
    }

    @Test
    void stepIsFoundByItsKeyInItsProjectOnly() {
        SnapshotId saved = step("k");

        assertThat(find("k")).contains(saved);
        assertThat(find("other")).isEmpty();
        assertThat(sandboxes.builds().find("bld_x", OTHER, "k")).isEmpty();
        Sandbox next = begin(Optional.of(saved));
        assertThat(sandboxes.files(PROJECT, next.id()).stat("/workspace/file").sizeBytes())
                .isEqualTo(1);
    }

    @Test
    void nobodyIsShownAStep() {
        SnapshotId saved = step("k");

        assertThat(
                        sandboxes
                                .snapshots()
                                .list(PROJECT, Optional.empty(), 10, Optional.empty())
                                .items())
                .isEmpty();
        assertCode(ErrorCode.SNAPSHOT_NOT_FOUND, () -> sandboxes.snapshots().get(PROJECT, saved));
        assertCode(
                ErrorCode.SNAPSHOT_NOT_FOUND, () -> sandboxes.snapshots().delete(PROJECT, saved));
        assertThat(find("k")).contains(saved);
    }

    @Test
    void newStepOfAKeyTakesThePlaceOfTheOldWhenNobodyHoldsIt() {
        SnapshotId old = step("k");
        sandboxes.builds().end("bld_x");
        SnapshotId fresh = step("k");

        assertThat(find("k")).contains(fresh);
        assertThat(host.snapshots().ids()).containsExactly(fresh).doesNotContain(old);
    }

    @Test
    void unusedStepsGoUnlessABuildHoldsThem() {
        SnapshotId held = step("held");
        clock.tick(Duration.ofHours(2));
        assertThat(sandboxes.builds().prune(Optional.empty(), Duration.ofHours(1))).isZero();
        sandboxes.builds().end("bld_x");
        assertThat(sandboxes.builds().prune(Optional.of(OTHER), Duration.ofHours(1))).isZero();
        assertThat(find("held")).contains(held);
        sandboxes.builds().end("bld_x");
        assertThat(sandboxes.builds().prune(Optional.empty(), Duration.ofHours(1)))
                .as("just used")
                .isZero();
        clock.tick(Duration.ofHours(2));

        assertThat(sandboxes.builds().prune(Optional.of(PROJECT), Duration.ofHours(1)))
                .isEqualTo(1);

        assertThat(find("held")).isEmpty();
        assertThat(host.snapshots().ids()).isEmpty();
    }

    @Test
    void stepThatIsBeingRemovedIsNotFound() {
        step("k");
        sandboxes.builds().end("bld_x");
        host.dieAt(Step.AFTER_SNAPSHOT_DELETE);

        assertThatThrownBy(() -> sandboxes.builds().prune(Optional.empty(), Duration.ZERO))
                .isInstanceOf(ServerDied.class);

        assertThat(find("k")).isEmpty();
        restart();
        assertThat(find("k")).isEmpty();
        assertThat(host.snapshots().ids()).isEmpty();
    }

    @Test
    void stepThatABuildHasFoundStays() throws Exception {
        for (int i = 0; i < 50; i++) {
            String key = "k" + i;
            SnapshotId saved = step(key);
            sandboxes.builds().end("bld_x");
            var pruning =
                    CompletableFuture.runAsync(
                            () -> sandboxes.builds().prune(Optional.empty(), Duration.ZERO));
            Optional<SnapshotId> found = find(key);
            pruning.get(30, TimeUnit.SECONDS);
            if (found.isPresent()) {
                assertThat(host.snapshots().ids()).as("round %d", i).contains(saved);
                assertThat(find(key)).contains(saved);
            }
        }
    }

    @Test
    void stepsOutliveTheServerAndSandboxesOfBuildsDoNot() {
        SnapshotId saved = step("k");
        Sandbox left = begin(Optional.of(saved));
        Sandbox other = create();

        restart();

        assertThat(find("k")).contains(saved);
        assertCode(ErrorCode.SANDBOX_NOT_FOUND, () -> sandboxes.get(PROJECT, left.id()));
        assertThat(sandboxes.get(PROJECT, other.id()).id()).isEqualTo(other.id());
    }

    @Test
    void serverThatDiesWhileSavingLeavesNothing() {
        Sandbox sandbox = begin(Optional.empty());
        for (Step step : List.of(Step.BEFORE_SNAPSHOT, Step.AFTER_SNAPSHOT)) {
            host.dieAt(step);
            try {
                sandboxes.builds().save("bld_x", PROJECT, sandbox.id(), "k");
            } catch (ServerDied e) {
                restart();
            }
            assertThat(find("k")).isEmpty();
            assertThat(host.snapshots().ids()).isEmpty();
            sandbox = begin(Optional.empty());
        }
    }

    @Test
    void layerHoldsWhatTheStepHasWritten() throws IOException {
        SnapshotId saved = step("k");
        var out = new ByteArrayOutputStream();

        sandboxes.builds().writeLayer(saved, out);

        List<String> names = new ArrayList<>();
        try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(out.toByteArray()))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                names.add(entry.getName());
            }
        }
        assertThat(names).contains("./workspace/file");
        var gone = SnapshotId.next();
        assertCode(ErrorCode.SNAPSHOT_NOT_FOUND, () -> sandboxes.builds().writeLayer(gone, out));
    }
}

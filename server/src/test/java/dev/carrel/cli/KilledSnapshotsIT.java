package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.SandboxCalls;
import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SnapshotInfo;
import dev.carrel.wire.SnapshotRequest;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// A real server is killed after each step of saving, restoring and forking real sandboxes.
class KilledSnapshotsIT extends DyingServers {
    private static final int FORKS = 3;

    @Test
    void snapshotIsThereOrNot() throws Exception {
        dieAndLook(
                List.of(
                        new Case("snapshot_row", KilledSnapshotsIT::save, this::hasNone),
                        new Case("snapshot_host", KilledSnapshotsIT::save, this::hasNone),
                        new Case("snapshot_ready", KilledSnapshotsIT::save, this::hasOne),
                        new Case("unsave_row", KilledSnapshotsIT::unsave, this::hasNone),
                        new Case("unsave_host", KilledSnapshotsIT::unsave, this::hasNone)));
    }

    @Test
    void restoredFilesAreThereWhole() throws Exception {
        dieAndLook(
                List.of(
                        new Case("restore_host", KilledSnapshotsIT::restore, this::isRestored),
                        new Case("restore_ready", KilledSnapshotsIT::restore, this::isRestored)));
    }

    @Test
    void allForksAreThereOrNone() throws Exception {
        dieAndLook(
                List.of(
                        new Case("snapshot_host", KilledSnapshotsIT::fork, this::hasNone),
                        new Case("create_row:2", KilledSnapshotsIT::fork, this::hasNone),
                        new Case("create_host:2", KilledSnapshotsIT::fork, this::hasNone),
                        new Case("create_host:3", KilledSnapshotsIT::fork, this::hasNone),
                        new Case("create_ready", KilledSnapshotsIT::fork, this::hasForks),
                        new Case("unsave_host", KilledSnapshotsIT::fork, this::hasForks)));
    }

    private static SnapshotInfo save(CarrelClient client, String id) {
        return client.snapshots().take(id, new SnapshotRequest(Optional.of("saved"), Map.of()));
    }

    private static void unsave(CarrelClient client, String id) {
        client.snapshots().delete(save(client, id).id());
    }

    private static void restore(CarrelClient client, String id) {
        SnapshotInfo saved = save(client, id);
        write(client.sandboxes(), id, "later");
        client.snapshots().restore(id, saved.id());
    }

    private static void fork(CarrelClient client, String id) {
        client.snapshots()
                .fork(id, new ForkRequest(Optional.of(FORKS), Optional.of("fork"), Map.of()));
    }

    /// Nor anything else but the sandbox itself.
    private void hasNone(CarrelClient client, String id) throws IOException {
        assertThat(snapshots(client)).isEmpty();
        assertThat(entries("snapshots")).isEmpty();
        assertThat(client.sandboxes().list().data()).extracting("id").containsExactly(id);
        assertThat(entries("sandboxes")).hasSize(1);
        isStillWhole(client.sandboxes(), id);
    }

    private void hasOne(CarrelClient client, String id) {
        SnapshotInfo saved = snapshots(client).getFirst();
        assertThat(saved.name()).contains("saved");
        SandboxCalls sandboxes = client.sandboxes();
        write(sandboxes, id, "later");
        client.snapshots().restore(id, saved.id());
        isStillWhole(sandboxes, id);
    }

    private void isRestored(CarrelClient client, String id) {
        assertThat(snapshots(client)).hasSize(1);
        isStillWhole(client.sandboxes(), id);
    }

    private void hasForks(CarrelClient client, String id) throws IOException {
        assertThat(entries("snapshots")).isEmpty();
        List<SandboxInfo> all = client.sandboxes().list().data();
        assertThat(all).hasSize(1 + FORKS);
        all.forEach(each -> isStillWhole(client.sandboxes(), each.id()));
        assertThat(all).filteredOn(each -> each.name().equals(Optional.of("fork"))).hasSize(FORKS);
    }
}

package dev.carrel.client;

import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.Listing;
import dev.carrel.wire.RestoreRequest;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SnapshotInfo;
import dev.carrel.wire.SnapshotRequest;
import java.util.List;
import java.util.Optional;

/// The calls on the saved files of sandboxes.
public final class SnapshotCalls {
    private static final String ROOT = "/v1/snapshots";

    private final CarrelClient client;
    private final Transport transport;

    SnapshotCalls(CarrelClient client, Transport transport) {
        this.client = client;
        this.transport = transport;
    }

    /// Saves the files of a sandbox as they are now.
    public SnapshotInfo take(String sandbox, SnapshotRequest request) {
        return client.post(sandbox(sandbox) + "/snapshots", request, SnapshotInfo.class);
    }

    public SnapshotInfo get(String id) {
        return client.get(path(id), SnapshotInfo.class);
    }

    /// Newest first.
    public Listing<SnapshotInfo> list(
            Optional<String> sandbox, int limit, Optional<String> cursor) {
        String of = sandbox.map(id -> "&sandbox=" + CarrelClient.segment(id)).orElse("");
        String after = cursor.map(at -> "&cursor=" + CarrelClient.segment(at)).orElse("");
        return client.list(ROOT + "?limit=" + limit + of + after, SnapshotInfo.class);
    }

    /// Sandboxes made from it stay.
    public void delete(String id) {
        client.delete(path(id));
    }

    /// Gives a sandbox the files of a snapshot; what runs in it ends.
    public SandboxInfo restore(String sandbox, String snapshot) {
        return client.post(
                sandbox(sandbox) + "/restore", new RestoreRequest(snapshot), SandboxInfo.class);
    }

    /// Makes sandboxes with the files of another one as they are now.
    public List<SandboxInfo> fork(String sandbox, ForkRequest request) {
        var http = client.jsonRequest(sandbox(sandbox) + "/fork").POST(Transport.json(request));
        return transport.readList(http, CarrelClient.CALL_MAX, SandboxInfo.class).data();
    }

    private static String path(String id) {
        return ROOT + "/" + CarrelClient.segment(id);
    }

    private static String sandbox(String id) {
        return "/v1/sandboxes/" + CarrelClient.segment(id);
    }
}

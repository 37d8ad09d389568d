package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import java.nio.file.Path;

/// What of one sandbox lies in the home directory, besides its disk.
record SandboxFolder(SandboxId id, Path path) {
    /// The folder that crun is started from.
    Path bundle() {
        return path.resolve("bundle");
    }

    Path config() {
        return bundle().resolve("config.json");
    }

    Path log() {
        return bundle().resolve("crun.log");
    }

    /// Written by crun.
    Path pid() {
        return bundle().resolve("pid");
    }

    /// The relay between a microVM's pid 1 and the sockets in the bundle.
    Path relayPid() {
        return bundle().resolve("relay.pid");
    }

    /// What the shim has said of itself.
    Path shim() {
        return bundle().resolve("shim.address");
    }

    /// Written when everything is in place: without it, what runs is half a sandbox.
    Path ready() {
        return bundle().resolve("ready");
    }

    /// What pid 1 inherits: its channel, and the output of all executions. A link to a folder of
    /// the [DiskStore].
    Path run() {
        return path.resolve("run");
    }

    /// Where the server listens for a pid 1 that calls.
    Path door() {
        return bundle().resolve("door");
    }

    /// The isolation level that it was made with.
    Path isolation() {
        return path.resolve("isolation");
    }

    /// There while it has yet to make keys for its SSH server.
    Path keysWanted() {
        return path.resolve("keys-wanted");
    }

    /// Why its memory was lost when it was stopped or started last; absent when it was not.
    Path memoryLost() {
        return path.resolve("memory-lost");
    }

    /// What the firewall has to know of its network policy; absent when that is nothing.
    Path fence() {
        return path.resolve("fence");
    }

    /// The index of its network address; absent without a network.
    Path address() {
        return path.resolve("address");
    }
}

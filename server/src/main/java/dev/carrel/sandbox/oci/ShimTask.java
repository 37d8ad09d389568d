package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// What is asked of a running shim, in the messages of containerd's task service
/// (<https://github.com/containerd/containerd/tree/main/api/runtime/task>). `root` is where the
/// shim's own file system is seen.
record ShimTask(Ttrpc shim, String id) {
    /// A virtual machine boots in there.
    private static final Duration CREATE_TIMEOUT = Duration.ofSeconds(60);

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private static final String LIMITS_TYPE =
            "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

    static ShimTask at(ShimAddress address, Path root, String id) {
        Path socket = root.resolve(Path.of("/").relativize(address.socket()));
        return new ShimTask(new Ttrpc(socket, address.service()), id);
    }

    /// The process id of the shim that answers.
    int process() throws IOException {
        return (int) shim.call("Connect", new Protobuf().string(1, id), TIMEOUT).number(1);
    }

    /// Makes the container of a bundle. Its first process gets the named pipes `in` and `out`
    /// there; `log` takes what it says when it fails to start.
    void create(Path bundle, Path log) throws IOException {
        var request =
                new Protobuf()
                        .string(1, id)
                        .string(2, bundle.toString())
                        .string(5, bundle.resolve("in").toString())
                        .string(6, bundle.resolve("out").toString())
                        .string(7, log.toString());
        shim.call("Create", request, CREATE_TIMEOUT);
    }

    void start() throws IOException {
        shim.call("Start", new Protobuf().string(1, id), CREATE_TIMEOUT);
    }

    /// Puts other limits of cpu and memory in force.
    void update(Resources resources) throws IOException {
        var limits =
                new Protobuf()
                        .string(1, LIMITS_TYPE)
                        .bytes(2, OciConfig.bytes(OciConfig.limits(resources)));
        shim.call("Update", new Protobuf().string(1, id).bytes(2, limits.toBytes()), TIMEOUT);
    }
}

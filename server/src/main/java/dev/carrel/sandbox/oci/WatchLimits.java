package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// How much of inotify one sandbox may use. No control group counts it: the kernel counts it for
/// whoever made the sandbox's user namespace, which is the host's root. Without a limit of its own,
/// one sandbox could leave none to the host and to all others.
record WatchLimits(long instances, long watches) {
    private static final Path HOST = Path.of("/proc/sys/user");
    private static final String INSTANCES = "max_inotify_instances";
    private static final String WATCHES = "max_inotify_watches";

    /// What no program needs more of, however much the host has.
    private static final long INSTANCES_MAX = 128;

    private static final long WATCHES_MAX = 1 << 20;

    private static final int TEXT_BYTES = 64;

    /// The part of the host's own limit that one sandbox may have.
    private static final int PART = 4;

    static WatchLimits ofHost() throws IOException {
        return of(read(INSTANCES), read(WATCHES));
    }

    private static WatchLimits of(long hostInstances, long hostWatches) {
        return new WatchLimits(
                Math.clamp(hostInstances / PART, 1, INSTANCES_MAX),
                Math.clamp(hostWatches / PART, 1, WATCHES_MAX));
    }

    // In one read: these files have no size and give nothing to a second one, and Files.readString
    // begins with a single byte then.
    private static long read(String name) throws IOException {
        try (InputStream file = Files.newInputStream(HOST.resolve(name))) {
            String text = new String(file.readNBytes(TEXT_BYTES), StandardCharsets.US_ASCII);
            return Long.parseLong(text.strip());
        }
    }
}

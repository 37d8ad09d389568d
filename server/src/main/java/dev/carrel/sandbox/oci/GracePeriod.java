package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Before the kernel moves a process to another control group, all processors must have passed a
/// moment of rest (an RCU grace period: 8 ms and more), unless that was waited for just before. The
/// start of a sandbox has such a move in its middle; one that changes nothing, made at its
/// beginning, has the wait pass while the disk is made.
final class GracePeriod implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GracePeriod.class);
    private static final Path GROUPS = Path.of("/proc/self/cgroup");

    /// To a group's list of processes: whoever writes.
    private static final String SELF = "0";

    private final Optional<Path> own;

    /// One at a time is enough: who comes meanwhile waits for the same. A thread of its own,
    /// because it stands in the kernel.
    private final ThreadPoolExecutor waiting =
            new ThreadPoolExecutor(
                    0,
                    1,
                    30,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    Thread.ofPlatform().name("grace-period").daemon().factory(),
                    new ThreadPoolExecutor.DiscardPolicy());

    private GracePeriod(Optional<Path> own) {
        this.own = own;
    }

    /// Does nothing on a host where the server's own control group cannot be told.
    static GracePeriod of(ControlGroups groups) throws IOException {
        return new GracePeriod(own(groups, Files.readString(GROUPS)));
    }

    /// The list of processes of this process's group, in any hierarchy: the move is the same in
    /// all. A line is a number, controllers, and the group, with colons between.
    static Optional<Path> own(ControlGroups groups, String lines) {
        for (String line : lines.lines().toList()) {
            String[] fields = line.split(":", 3);
            for (Path hierarchy : groups.hierarchies()) {
                String controller = hierarchy.getFileName().toString();
                boolean same =
                        switch (groups.layout()) {
                            case UNIFIED -> fields[1].isEmpty();
                            case SEPARATE -> fields[1].equals(controller);
                        };
                Path list = hierarchy.resolve(fields[2].substring(1)).resolve("cgroup.procs");
                if (same && Files.isWritable(list)) {
                    return Optional.of(list);
                }
            }
        }
        return Optional.empty();
    }

    /// Lets it begin now; returns at once.
    void begin() {
        own.ifPresent(list -> waiting.execute(() -> await(list)));
    }

    private static void await(Path list) {
        try {
            Files.writeString(list, SELF);
        } catch (IOException e) {
            LOG.debug("a move that changes nothing was refused", e);
        }
    }

    @Override
    public void close() {
        waiting.shutdown();
    }
}

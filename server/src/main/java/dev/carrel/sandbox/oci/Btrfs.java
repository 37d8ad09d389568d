package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Ioctl;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The requests to btrfs that making and removing a disk takes, as in `linux/btrfs.h`. The programs
/// would do, but each costs a process.
final class Btrfs {
    static final long MAGIC = 0x9123683EL;

    private static final long SUBVOLUME_CREATE = 0x5000940EL;
    private static final long SUBVOLUME_DESTROY = 0x5000940FL;
    private static final long QUOTA_GROUP_LIMIT = 0x8030942BL;
    private static final long LIMIT_REFERENCED = 1;
    private static final int NAME_OFFSET = 8;
    private static final int ARGUMENT_BYTES = 4096;
    private static final int DIRECTORY = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW;

    private Btrfs() {}

    static void createSubvolume(Path parent, String name) throws LinuxException {
        try (Fd folder = Linux.open(parent.toString(), DIRECTORY, 0)) {
            Ioctl.call(folder, SUBVOLUME_CREATE, named(name));
        }
    }

    /// Removes it with all in it; freeing the space goes on in the background.
    static void destroySubvolume(Path parent, String name) throws LinuxException {
        try (Fd folder = Linux.open(parent.toString(), DIRECTORY, 0)) {
            Ioctl.call(folder, SUBVOLUME_DESTROY, named(name));
        }
    }

    /// Limits what a subvolume may hold. Needs quotas to be on.
    static void limit(Path subvolume, long bytes) throws LinuxException {
        // The group (0: the subvolume's own), then flags and four limits, the first of which is
        // for what the subvolume refers to.
        ByteBuffer argument = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
        argument.putLong(0, 0).putLong(8, LIMIT_REFERENCED).putLong(16, bytes);
        try (Fd folder = Linux.open(subvolume.toString(), DIRECTORY, 0)) {
            Ioctl.call(folder, QUOTA_GROUP_LIMIT, argument.array());
        }
    }

    private static byte[] named(String name) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        var argument = new byte[ARGUMENT_BYTES];
        System.arraycopy(text, 0, argument, NAME_OFFSET, text.length);
        return argument;
    }
}

package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Ioctl;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The requests to btrfs that making, copying and removing a disk takes, as in `linux/btrfs.h`. The
/// programs would do, but each costs a process.
final class Btrfs {
    static final long MAGIC = 0x9123683EL;

    private static final long SUBVOLUME_CREATE = 0x5000940EL;
    private static final long SUBVOLUME_DESTROY = 0x5000940FL;
    private static final long SNAPSHOT_CREATE = 0x50009417L;
    private static final long SUBVOLUME_INFO = 0x81F8943CL;
    private static final long TREE_SEARCH = 0xD0009411L;
    private static final long READ_ONLY = 2;
    private static final long QUOTA_TREE = 8;
    private static final int QUOTA_GROUP_INFO = 242;
    private static final long QUOTA_CONTROL = 0xC0109428L;
    private static final long QUOTA_GROUP_CREATE = 0x4010942AL;
    private static final long QUOTA_GROUP_ASSIGN = 0x40189429L;
    private static final long QUOTA_GROUP_LIMIT = 0x8030942BL;
    private static final long LIMIT_REFERENCED = 1;
    private static final int NAME_OFFSET = 8;
    private static final int NAME_OFFSET_V2 = 56;
    private static final int SUBVOLUME_INFO_BYTES = 504;
    private static final int SEARCH_KEY_BYTES = 104;
    private static final int SEARCH_HEADER_BYTES = 32;
    private static final int ARGUMENT_BYTES = 4096;
    private static final int DIRECTORY = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW;

    private Btrfs() {}

    static void createSubvolume(Path parent, String name) throws LinuxException {
        try (Fd folder = Linux.open(parent.toString(), DIRECTORY, 0)) {
            Ioctl.call(folder, SUBVOLUME_CREATE, named(name));
        }
    }

    /// Makes a copy of a subvolume as it is at this moment, in a time that does not depend on what
    /// it holds; on disk when this returns. Whoever writes meanwhile may be cut in the middle.
    static void snapshot(Path source, Path parent, String name, boolean readOnly)
            throws LinuxException {
        try (Fd from = Linux.open(source.toString(), DIRECTORY, 0);
                Fd folder = Linux.open(parent.toString(), DIRECTORY, 0)) {
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            var argument = new byte[ARGUMENT_BYTES];
            ByteBuffer fields = ByteBuffer.wrap(argument).order(ByteOrder.nativeOrder());
            fields.putLong(0, from.number()).putLong(16, readOnly ? READ_ONLY : 0);
            fields.put(NAME_OFFSET_V2, text);
            Ioctl.call(folder, SNAPSHOT_CREATE, argument);
        }
    }

    /// What its quota counts for a subvolume, as of the last commit of the file system; making a
    /// snapshot is one. Needs quotas to be on.
    static long bytesCounted(Path subvolume) throws LinuxException {
        try (Fd folder = Linux.open(subvolume.toString(), DIRECTORY, 0)) {
            var argument = new byte[ARGUMENT_BYTES];
            ByteBuffer search = ByteBuffer.wrap(argument).order(ByteOrder.nativeOrder());
            long group = subvolumeId(folder);
            search.putLong(0, QUOTA_TREE); // objects 0 to 0, then offsets, generations, types
            search.putLong(24, group).putLong(32, group);
            search.putLong(40, 0).putLong(48, -1);
            search.putInt(56, QUOTA_GROUP_INFO).putInt(60, QUOTA_GROUP_INFO).putInt(64, 1);
            Ioctl.call(folder, TREE_SEARCH, argument);
            int found = search.getInt(64);
            return found == 0 ? 0 : search.getLong(SEARCH_KEY_BYTES + SEARCH_HEADER_BYTES + 8);
        }
    }

    private static long subvolumeId(Fd folder) throws LinuxException {
        var argument = new byte[SUBVOLUME_INFO_BYTES];
        Ioctl.call(folder, SUBVOLUME_INFO, argument);
        return ByteBuffer.wrap(argument).order(ByteOrder.nativeOrder()).getLong(0);
    }

    /// Removes it with all in it; freeing the space goes on in the background.
    static void destroySubvolume(Path parent, String name) throws LinuxException {
        try (Fd folder = Linux.open(parent.toString(), DIRECTORY, 0)) {
            Ioctl.call(folder, SUBVOLUME_DESTROY, named(name));
        }
    }

    /// How a file system counts what its subvolumes hold.
    enum Quota {
        /// For whoever refers to it: all that is shared is looked through again and again, so that
        /// every copy makes writing and deleting slower for everybody.
        BY_REFERENCE(1),
        /// For whoever wrote it (Linux 6.7): costs nothing, and older kernels cannot mount the file
        /// system any more.
        BY_WRITER(4);

        private final long command;

        Quota(long command) {
            this.command = command;
        }
    }

    /// Does nothing where quotas are on, of either kind.
    static void enable(Path fileSystem, Quota kind) throws LinuxException {
        ByteBuffer argument = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        argument.putLong(0, kind.command);
        // Older kernels call it an error where they are on.
        ignoringExisting(fileSystem, QUOTA_CONTROL, argument.array());
    }

    /// Limits what a subvolume may hold. Needs quotas to be on.
    static void limit(Path subvolume, long bytes) throws LinuxException {
        limit(subvolume, 0, bytes);
    }

    // The group (0: the subvolume's own), then flags and four limits, the first of which is for
    // what is referred to.
    private static void limit(Path place, long group, long bytes) throws LinuxException {
        ByteBuffer argument = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
        argument.putLong(0, group).putLong(8, LIMIT_REFERENCED).putLong(16, bytes);
        try (Fd folder = Linux.open(place.toString(), DIRECTORY, 0)) {
            Ioctl.call(folder, QUOTA_GROUP_LIMIT, argument.array());
        }
    }

    /// Makes the group of this number, of the level above subvolumes; it counts what its members
    /// count. Does nothing when there is one.
    static void createGroup(Path fileSystem, long number) throws LinuxException {
        ByteBuffer argument = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        argument.putLong(0, 1).putLong(8, group(number));
        ignoringExisting(fileSystem, QUOTA_GROUP_CREATE, argument.array());
    }

    /// Makes a subvolume, which is empty or new, a member of a group.
    static void join(Path subvolume, long number) throws LinuxException {
        long own;
        try (Fd folder = Linux.open(subvolume.toString(), DIRECTORY, 0)) {
            own = subvolumeId(folder);
        }
        ByteBuffer argument = ByteBuffer.allocate(24).order(ByteOrder.nativeOrder());
        argument.putLong(0, 1).putLong(8, own).putLong(16, group(number));
        ignoringExisting(subvolume, QUOTA_GROUP_ASSIGN, argument.array());
    }

    /// Limits what all members of a group together may hold.
    static void limitGroup(Path fileSystem, long number, long bytes) throws LinuxException {
        limit(fileSystem, group(number), bytes);
    }

    private static long group(long number) {
        return 1L << 48 | number;
    }

    private static void ignoringExisting(Path folder, long request, byte[] argument)
            throws LinuxException {
        try (Fd directory = Linux.open(folder.toString(), DIRECTORY, 0)) {
            Ioctl.call(directory, request, argument);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
        }
    }

    private static byte[] named(String name) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        var argument = new byte[ARGUMENT_BYTES];
        System.arraycopy(text, 0, argument, NAME_OFFSET, text.length);
        return argument;
    }
}

package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// System calls that read and change directories, relative to the directory's descriptor.
public final class Directories {
    /// Remove a directory, which must be empty, instead of anything else.
    public static final int AT_REMOVEDIR = 0x200;

    /// Fail with `EEXIST` instead of replacing.
    public static final int RENAME_NOREPLACE = 1;

    /// Each gets the other's name; both must be there.
    public static final int RENAME_EXCHANGE = 2;

    private static final int LINK_BYTES_MAX = 4096;
    private static final int BATCH_BYTES = 32_768;

    private static final MethodHandle MKDIRAT = bind("mkdirat", INT, INT, POINTER, INT);
    private static final MethodHandle UNLINKAT = bind("unlinkat", INT, INT, POINTER, INT);
    private static final MethodHandle RENAMEAT2 =
            bind("renameat2", INT, INT, POINTER, INT, POINTER, INT);
    private static final MethodHandle SYMLINKAT = bind("symlinkat", INT, POINTER, INT, POINTER);
    private static final MethodHandle LINKAT = bind("linkat", INT, INT, POINTER, INT, POINTER, INT);
    private static final MethodHandle READLINKAT =
            bind("readlinkat", LONG, INT, POINTER, POINTER, LONG);
    private static final MethodHandle GETDENTS = bind("getdents64", LONG, INT, POINTER, LONG);

    /// Where an absolute path is not looked up from.
    private static final int NOWHERE = -1;

    private Directories() {}

    public static void makeDirectory(Fd directory, String path, int mode) throws LinuxException {
        int dir = directory.number();
        Native.Call mkdir =
                (arena, errno) -> (int) MKDIRAT.invokeExact(errno, dir, string(arena, path), mode);
        call("mkdirat " + path, mkdir);
    }

    /// Removes an entry; `flags` is 0 or [#AT_REMOVEDIR].
    public static void unlink(Fd directory, String path, int flags) throws LinuxException {
        int dir = directory.number();
        Native.Call unlink =
                (arena, errno) ->
                        (int) UNLINKAT.invokeExact(errno, dir, string(arena, path), flags);
        call("unlinkat " + path, unlink);
    }

    /// Removes an entry that is not a directory; does nothing when it is not there.
    public static void unlinkIfThere(Fd directory, String path) throws LinuxException {
        try {
            unlink(directory, path, 0);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /// Renames within one file system, replacing what is there unless `flags` says otherwise.
    public static void rename(Fd from, String oldName, Fd to, String newName, int flags)
            throws LinuxException {
        int source = from.number();
        int target = to.number();
        Native.Call rename =
                (arena, errno) -> {
                    MemorySegment old = string(arena, oldName);
                    MemorySegment fresh = string(arena, newName);
                    return (int) RENAMEAT2.invokeExact(errno, source, old, target, fresh, flags);
                };
        call("renameat2 " + oldName + " to " + newName, rename);
    }

    public static void symlink(String content, Fd directory, String path) throws LinuxException {
        int dir = directory.number();
        Native.Call symlink =
                (arena, errno) -> {
                    MemorySegment target = string(arena, content);
                    return (int) SYMLINKAT.invokeExact(errno, target, dir, string(arena, path));
                };
        call("symlinkat " + path, symlink);
    }

    /// Gives an entry that is no directory a second name on its file system; a symbolic link is not
    /// followed.
    public static void link(Fd from, String oldName, Fd to, String newName) throws LinuxException {
        int source = from.number();
        int target = to.number();
        Native.Call link =
                (arena, errno) -> {
                    MemorySegment old = string(arena, oldName);
                    MemorySegment fresh = string(arena, newName);
                    return (int) LINKAT.invokeExact(errno, source, old, target, fresh, 0);
                };
        call("linkat " + oldName + " to " + newName, link);
    }

    /// Gives an open file a name, also one that never had any. Fails with `EEXIST`.
    public static void link(Fd file, Fd to, String name) throws LinuxException {
        int target = to.number();
        Native.Call link =
                (arena, errno) -> {
                    // By descriptor alone it takes a capability on kernels before 6.10.
                    MemorySegment open = string(arena, "/proc/self/fd/" + file.number());
                    MemorySegment fresh = string(arena, name);
                    int flags = Linux.AT_SYMLINK_FOLLOW;
                    return (int) LINKAT.invokeExact(errno, NOWHERE, open, target, fresh, flags);
                };
        call("linkat to " + name, link);
    }

    /// What the symbolic link at `path` says; of the descriptor itself (an `O_PATH` one of a link)
    /// when `path` is empty.
    public static String readLink(Fd directory, String path) throws LinuxException {
        int dir = directory.number();
        var bytes = new byte[LINK_BYTES_MAX];
        Native.Call readlink =
                (arena, errno) -> {
                    MemorySegment out = arena.allocate(LINK_BYTES_MAX);
                    MemorySegment name = string(arena, path);
                    long size =
                            (long)
                                    READLINKAT.invokeExact(
                                            errno, dir, name, out, (long) LINK_BYTES_MAX);
                    MemorySegment.copy(out, JAVA_BYTE, 0, bytes, 0, (int) Math.max(size, 0));
                    return size;
                };
        int size = (int) call("readlinkat " + path, readlink);
        return FileNames.decode(Arrays.copyOf(bytes, size));
    }

    /// The next entries of a directory that was opened for reading, in no order; empty at the end.
    /// At most about 1,400 at once, whatever the size of the directory.
    public static List<DirectoryEntry> next(Fd directory) throws LinuxException {
        int dir = directory.number();
        List<DirectoryEntry> entries = new ArrayList<>();
        Native.Call getdents =
                (arena, errno) -> {
                    MemorySegment out = arena.allocate(BATCH_BYTES, 8);
                    long size = (long) GETDENTS.invokeExact(errno, dir, out, (long) BATCH_BYTES);
                    if (size > 0) {
                        parse(out.asSlice(0, size), entries);
                    }
                    return size;
                };
        // A batch of nothing but "." and ".." is not the end.
        while (call("getdents64", getdents) > 0 && entries.isEmpty()) {}
        return entries;
    }

    // struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name.
    private static void parse(MemorySegment batch, List<DirectoryEntry> entries) {
        long at = 0;
        while (at < batch.byteSize()) {
            int length = Short.toUnsignedInt(batch.get(JAVA_SHORT_UNALIGNED, at + 16));
            String name = name(batch, at + 19);
            if (!name.equals(".") && !name.equals("..")) {
                entries.add(new DirectoryEntry(name, type(batch.get(JAVA_BYTE, at + 18))));
            }
            at += length;
        }
    }

    private static String name(MemorySegment batch, long start) {
        long end = start;
        while (batch.get(JAVA_BYTE, end) != 0) {
            end++;
        }
        return FileNames.decode(batch.asSlice(start, end - start).toArray(JAVA_BYTE));
    }

    private static DirectoryEntry.Type type(byte code) {
        return switch (code) {
            case 0 -> DirectoryEntry.Type.UNKNOWN;
            case 4 -> DirectoryEntry.Type.DIRECTORY;
            case 8 -> DirectoryEntry.Type.FILE;
            case 10 -> DirectoryEntry.Type.SYMLINK;
            default -> DirectoryEntry.Type.OTHER;
        };
    }
}

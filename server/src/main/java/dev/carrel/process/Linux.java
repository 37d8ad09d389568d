package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.bindVariadic;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Instant;

/// System calls on files that Java has no way to make: relative to a directory's descriptor, and
/// resolved within it. Functions of the C library are used where it has them, so that numbers and
/// layouts fit every 64-bit machine; `openat2`, which it lacks, has the same number everywhere.
/// Descriptors are always closed on exec. Names are text as [FileNames] says. [Directories] has the
/// calls that change directories.
public final class Linux {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0100;
    public static final int O_EXCL = 0200;
    public static final int O_NOCTTY = 0400;
    public static final int O_TRUNC = 01000;
    public static final int O_APPEND = 02000;
    public static final int O_NONBLOCK = 04000;
    public static final int O_PATH = 010000000;

    private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");

    public static final int O_DIRECTORY = ARM ? 040000 : 0200000;

    /// Opens a directory for a file in it that has no name.
    public static final int O_TMPFILE = 020000000 | O_DIRECTORY;

    public static final int O_NOFOLLOW = ARM ? 0100000 : 0400000;

    /// Stay on the file system of the starting directory.
    public static final long RESOLVE_NO_XDEV = 1;

    public static final long RESOLVE_NO_MAGICLINKS = 2;
    public static final long RESOLVE_NO_SYMLINKS = 4;
    public static final long RESOLVE_BENEATH = 8;

    /// Absolute paths and links start at the directory, and `..` stops there.
    public static final long RESOLVE_IN_ROOT = 16;

    public static final int AT_SYMLINK_NOFOLLOW = 0x100;
    public static final int AT_SYMLINK_FOLLOW = 0x400;
    public static final int AT_EMPTY_PATH = 0x1000;

    private static final int O_CLOEXEC = 02000000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final long OPENAT2_NUMBER = 437;
    private static final long TIME_MIN = -62_135_596_800L;
    private static final long TIME_MAX = 253_402_300_799L;
    private static final int IO_BYTES_MAX = 65_536;

    private static final MethodHandle OPENAT =
            bindVariadic("openat", 3, INT, INT, POINTER, INT, INT);
    private static final MethodHandle OPENAT2 =
            bindVariadic("syscall", 1, LONG, LONG, LONG, POINTER, POINTER, LONG);
    private static final MethodHandle CLOSE = bind("close", INT, INT);
    private static final MethodHandle READ = bind("read", LONG, INT, POINTER, LONG);
    private static final MethodHandle PREAD = bind("pread", LONG, INT, POINTER, LONG, LONG);
    private static final MethodHandle WRITE = bind("write", LONG, INT, POINTER, LONG);
    private static final MethodHandle LSEEK = bind("lseek", LONG, INT, LONG, INT);
    private static final MethodHandle STATX = bind("statx", INT, INT, POINTER, INT, INT, POINTER);
    private static final MethodHandle FSTATFS = bind("fstatfs", INT, INT, POINTER);
    private static final MethodHandle FCHMOD = bind("fchmod", INT, INT, INT);
    private static final MethodHandle FCHOWN = bind("fchown", INT, INT, INT, INT);
    private static final MethodHandle FCHOWNAT = bind("fchownat", INT, INT, POINTER, INT, INT, INT);
    private static final MethodHandle FUTIMENS = bind("futimens", INT, INT, POINTER);
    private static final MethodHandle FSYNC = bind("fsync", INT, INT);
    private static final MethodHandle KILL = bind("kill", INT, INT, INT);

    private Linux() {}

    public static Fd open(String path, int flags, int mode) throws LinuxException {
        return openat(Fd.CWD, path, flags, mode);
    }

    public static Fd openat(Fd directory, String path, int flags, int mode) throws LinuxException {
        int dir = directory.number();
        Native.Call open =
                (arena, errno) ->
                        (int)
                                OPENAT.invokeExact(
                                        errno, dir, string(arena, path), flags | O_CLOEXEC, mode);
        return new Fd((int) call("openat " + path, open));
    }

    /// Opens `path` from `directory` under the `RESOLVE_…` rules. `EAGAIN` means that something was
    /// renamed meanwhile and the rules could not be assured; the caller may try again. `mode` must
    /// be 0 unless a file can be created.
    public static Fd openat2(Fd directory, String path, int flags, int mode, long resolve)
            throws LinuxException {
        long dir = directory.number();
        Native.Call open =
                (arena, errno) -> {
                    MemorySegment how = arena.allocate(24, 8);
                    how.set(LONG, 0, flags | O_CLOEXEC);
                    how.set(LONG, 8, mode);
                    how.set(LONG, 16, resolve);
                    MemorySegment name = string(arena, path);
                    return (long) OPENAT2.invokeExact(errno, OPENAT2_NUMBER, dir, name, how, 24L);
                };
        return new Fd((int) call("openat2 " + path, open));
    }

    static void close(int number) {
        // Linux frees the number whatever close returns; to repeat it could hit another file.
        Native.Call close = (arena, errno) -> (int) CLOSE.invokeExact(errno, number) & 0L;
        try {
            call("close", close);
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Reads up to `length` bytes, at most 64 KiB at once; 0 is the end.
    public static int read(Fd file, byte[] buffer, int offset, int length) throws LinuxException {
        int fd = file.number();
        long wanted = Math.min(length, IO_BYTES_MAX);
        Native.Call read =
                (arena, errno) -> {
                    MemorySegment memory = arena.allocate(wanted);
                    long got = (long) READ.invokeExact(errno, fd, memory, wanted);
                    return take(memory, got, buffer, offset);
                };
        return (int) call("read", read);
    }

    /// Reads at `position` and leaves the file's own position alone; else like [#read].
    public static int pread(Fd file, byte[] buffer, int offset, int length, long position)
            throws LinuxException {
        int fd = file.number();
        long wanted = Math.min(length, IO_BYTES_MAX);
        Native.Call read =
                (arena, errno) -> {
                    MemorySegment memory = arena.allocate(wanted);
                    long got = (long) PREAD.invokeExact(errno, fd, memory, wanted, position);
                    return take(memory, got, buffer, offset);
                };
        return (int) call("pread", read);
    }

    private static long take(MemorySegment memory, long got, byte[] buffer, int offset) {
        MemorySegment.copy(memory, JAVA_BYTE, 0, buffer, offset, (int) Math.max(got, 0));
        return got;
    }

    /// Writes up to `length` bytes, at most 64 KiB at once, and returns how many.
    public static int write(Fd file, byte[] buffer, int offset, int length) throws LinuxException {
        int fd = file.number();
        long wanted = Math.min(length, IO_BYTES_MAX);
        Native.Call write =
                (arena, errno) -> {
                    MemorySegment memory = arena.allocate(wanted);
                    MemorySegment.copy(buffer, offset, memory, JAVA_BYTE, 0, (int) wanted);
                    return (long) WRITE.invokeExact(errno, fd, memory, wanted);
                };
        return (int) call("write", write);
    }

    public static void writeFully(Fd file, byte[] buffer, int offset, int length)
            throws LinuxException {
        for (int done = 0; done < length; ) {
            done += write(file, buffer, offset + done, length - done);
        }
    }

    /// Moves the file's position to `position`, counted from its start.
    public static void seek(Fd file, long position) throws LinuxException {
        int fd = file.number();
        call("lseek", (arena, errno) -> (long) LSEEK.invokeExact(errno, fd, position, 0));
    }

    /// What is at `path` from `directory`; of the descriptor itself with an empty path and
    /// [#AT_EMPTY_PATH].
    public static FileInfo stat(Fd directory, String path, int flags) throws LinuxException {
        int dir = directory.number();
        var info = new FileInfo[1];
        Native.Call stat =
                (arena, errno) -> {
                    MemorySegment out = arena.allocate(256, 8);
                    MemorySegment name = string(arena, path);
                    int result =
                            (int)
                                    STATX.invokeExact(
                                            errno, dir, name, flags, STATX_BASIC_STATS, out);
                    info[0] = fileInfo(out);
                    return result;
                };
        call("statx " + path, stat);
        return info[0];
    }

    public static FileInfo stat(Fd file) throws LinuxException {
        return stat(file, "", AT_EMPTY_PATH);
    }

    // struct statx of linux/stat.h.
    private static FileInfo fileInfo(MemorySegment statx) {
        long device =
                (long) statx.get(INT, 136) << 32 | Integer.toUnsignedLong(statx.get(INT, 140));
        return new FileInfo(
                Short.toUnsignedInt(statx.get(JAVA_SHORT, 28)),
                statx.get(INT, 20),
                statx.get(INT, 24),
                statx.get(LONG, 40),
                statx.get(LONG, 32),
                statx.get(INT, 16),
                device,
                time(statx.get(LONG, 112), statx.get(INT, 120)),
                time(statx.get(LONG, 96), statx.get(INT, 104)));
    }

    // Anybody can give a file a time that no calendar knows: from year 1 to 9999 is enough.
    private static Instant time(long seconds, int nanos) {
        boolean known = seconds >= TIME_MIN && seconds <= TIME_MAX;
        return Instant.ofEpochSecond(Math.clamp(seconds, TIME_MIN, TIME_MAX), known ? nanos : 0);
    }

    /// The magic number of the file system that holds the file, as in `linux/magic.h`.
    public static long fileSystem(Fd file) throws LinuxException {
        int fd = file.number();
        var type = new long[1];
        Native.Call statfs =
                (arena, errno) -> {
                    MemorySegment out = arena.allocate(256, 8);
                    int result = (int) FSTATFS.invokeExact(errno, fd, out);
                    type[0] = out.get(LONG, 0);
                    return result;
                };
        call("fstatfs", statfs);
        return type[0];
    }

    public static void chmod(Fd file, int mode) throws LinuxException {
        int fd = file.number();
        call("fchmod", (arena, errno) -> (int) FCHMOD.invokeExact(errno, fd, mode));
    }

    public static void chown(Fd file, int owner, int group) throws LinuxException {
        int fd = file.number();
        call("fchown", (arena, errno) -> (int) FCHOWN.invokeExact(errno, fd, owner, group));
    }

    public static void chownat(Fd directory, String path, int owner, int group, int flags)
            throws LinuxException {
        int dir = directory.number();
        Native.Call chown =
                (arena, errno) -> {
                    MemorySegment name = string(arena, path);
                    return (int) FCHOWNAT.invokeExact(errno, dir, name, owner, group, flags);
                };
        call("fchownat " + path, chown);
    }

    /// Sets when the file was changed and read last. The descriptor must not be an `O_PATH` one.
    public static void setModified(Fd file, Instant time) throws LinuxException {
        int fd = file.number();
        Native.Call set =
                (arena, errno) -> {
                    MemorySegment times = arena.allocate(32, 8);
                    for (long at = 0; at < 32; at += 16) {
                        times.set(LONG, at, time.getEpochSecond());
                        times.set(LONG, at + 8, time.getNano());
                    }
                    return (int) FUTIMENS.invokeExact(errno, fd, times);
                };
        call("futimens", set);
    }

    public static void sync(Fd file) throws LinuxException {
        int fd = file.number();
        call("fsync", (arena, errno) -> (int) FSYNC.invokeExact(errno, fd));
    }

    /// Sends a signal to a process, or with a negative number to its whole group. Signal 0 only
    /// asks whether it is there. Refuses 0, 1 and -1, which nothing here may ever mean.
    public static void kill(int process, int signal) throws LinuxException {
        if (process >= -1 && process <= 1) {
            throw new IllegalArgumentException("not a process of ours: " + process);
        }
        call("kill " + process, (arena, errno) -> (int) KILL.invokeExact(errno, process, signal));
    }
}

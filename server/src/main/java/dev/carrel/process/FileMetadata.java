package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;

/// System calls that change what is known of a file, on descriptors that were opened only to look
/// at it (`O_PATH`) too.
public final class FileMetadata {
    private static final MethodHandle CHMOD = bind("chmod", INT, POINTER, INT);
    private static final MethodHandle UTIMENSAT =
            bind("utimensat", INT, INT, POINTER, POINTER, INT);
    private static final MethodHandle FGETXATTR =
            bind("fgetxattr", LONG, INT, POINTER, POINTER, LONG);
    private static final int ATTRIBUTE_BYTES_MAX = 64;
    private static final long UTIME_OMIT = (1L << 30) - 2;

    private FileMetadata() {}

    /// Sets the permission bits. `file` must not be a symbolic link, which has none.
    public static void chmod(Fd file, int mode) throws LinuxException {
        String path = self(file);
        call("chmod", (arena, errno) -> (int) CHMOD.invokeExact(errno, string(arena, path), mode));
    }

    /// Sets the owner of what the descriptor stands for, of a symbolic link itself.
    public static void chown(Fd file, int owner, int group) throws LinuxException {
        Linux.chownat(file, "", owner, group, Linux.AT_EMPTY_PATH);
    }

    /// Sets the time of the last modification; the time of the last access stays.
    public static void setModified(Fd file, Instant time) throws LinuxException {
        String path = self(file);
        Native.Call utimens =
                (arena, errno) -> {
                    MemorySegment times = arena.allocate(32, 8);
                    times.set(LONG, 8, UTIME_OMIT);
                    times.set(LONG, 16, time.getEpochSecond());
                    times.set(LONG, 24, time.getNano());
                    MemorySegment name = string(arena, path);
                    return (int) UTIMENSAT.invokeExact(errno, Fd.CWD.number(), name, times, 0);
                };
        call("utimensat", utimens);
    }

    /// An extended attribute that is short text, of a file or directory that is open for reading.
    /// Empty when there is none.
    public static Optional<String> attribute(Fd file, String name) throws LinuxException {
        var value = new byte[ATTRIBUTE_BYTES_MAX];
        Native.Call get =
                (arena, errno) -> {
                    MemorySegment out = arena.allocate(value.length);
                    MemorySegment key = string(arena, name);
                    long size =
                            (long)
                                    FGETXATTR.invokeExact(
                                            errno, file.number(), key, out, (long) value.length);
                    MemorySegment.copy(out, JAVA_BYTE, 0, value, 0, (int) Math.max(size, 0));
                    return size;
                };
        try {
            int size = (int) call("fgetxattr " + name, get);
            return Optional.of(new String(value, 0, size, StandardCharsets.UTF_8));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENODATA || e.errno() == Errno.EOPNOTSUPP) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static String self(Fd file) {
        return "/proc/self/fd/" + file.number();
    }
}

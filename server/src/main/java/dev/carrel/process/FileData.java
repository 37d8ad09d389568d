package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// System calls that copy a file's content: inside the kernel where it can, and without its holes.
public final class FileData {
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    /// A virtual thread cannot be taken off its carrier in a system call: no call is long.
    private static final long CHUNK_BYTES = 4 << 20;

    private static final int BUFFER_BYTES = 1 << 16;

    private static final MethodHandle LSEEK = bind("lseek", LONG, INT, LONG, INT);
    private static final MethodHandle FTRUNCATE = bind("ftruncate", INT, INT, LONG);
    private static final MethodHandle COPY =
            bind("copy_file_range", LONG, INT, POINTER, INT, POINTER, LONG, INT);

    private FileData() {}

    /// Copies the first `size` bytes, or as many as there are, into an empty file, leaving holes
    /// where `from` has them. Returns how long `to` is then.
    public static long copy(Fd from, Fd to, long size) throws LinuxException {
        long at = 0;
        while (at < size) {
            long data = seek(from, at, SEEK_DATA, size);
            if (data >= size) {
                break;
            }
            long end = Math.min(seek(from, data, SEEK_HOLE, size), size);
            at = copy(from, to, data, end);
            if (at < end) {
                break; // it was cut meanwhile
            }
        }
        long length = Math.min(size, Linux.stat(from).sizeBytes());
        truncate(to, length);
        return length;
    }

    private static long copy(Fd from, Fd to, long start, long end) throws LinuxException {
        long at = start;
        var inKernel = true;
        var buffer = new byte[BUFFER_BYTES];
        while (at < end) {
            long n;
            try {
                n =
                        inKernel
                                ? copyRange(from, to, at, Math.min(end - at, CHUNK_BYTES))
                                : copyBytes(from, to, at, end - at, buffer);
            } catch (LinuxException e) {
                if (!inKernel || !isNotPossible(e)) {
                    throw e;
                }
                inKernel = false;
                continue;
            }
            if (n == 0) {
                return at;
            }
            at += n;
        }
        return at;
    }

    // Between file systems, or on one that has no such call.
    private static boolean isNotPossible(LinuxException e) {
        return switch (e.errno()) {
            case EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EPERM -> true;
            default -> false;
        };
    }

    private static long copyRange(Fd from, Fd to, long at, long length) throws LinuxException {
        int source = from.number();
        int target = to.number();
        Native.Call copy =
                (arena, errno) -> {
                    MemorySegment in = arena.allocate(LONG, at);
                    MemorySegment out = arena.allocate(LONG, at);
                    return (long) COPY.invokeExact(errno, source, in, target, out, length, 0);
                };
        return call("copy_file_range", copy);
    }

    private static long copyBytes(Fd from, Fd to, long at, long length, byte[] buffer)
            throws LinuxException {
        int n = Linux.pread(from, buffer, 0, (int) Math.min(buffer.length, length), at);
        Linux.seek(to, at);
        Linux.writeFully(to, buffer, 0, n);
        return n;
    }

    /// Where the next data or hole begins; `end` when there is none. A file system that knows no
    /// holes says so by being all data.
    private static long seek(Fd file, long from, int what, long end) throws LinuxException {
        int fd = file.number();
        try {
            return call("lseek", (arena, errno) -> (long) LSEEK.invokeExact(errno, fd, from, what));
        } catch (LinuxException e) {
            return switch (e.errno()) {
                case ENXIO -> end;
                case EINVAL, EOPNOTSUPP -> what == SEEK_DATA ? from : end;
                default -> throw e;
            };
        }
    }

    public static void truncate(Fd file, long length) throws LinuxException {
        int fd = file.number();
        call("ftruncate", (arena, errno) -> (int) FTRUNCATE.invokeExact(errno, fd, length));
    }
}

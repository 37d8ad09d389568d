package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Events of directories (inotify(7)). One thread waits, which must be a platform thread since the
/// kernel holds it; any thread adds and removes directories.
public final class Inotify implements AutoCloseable {
    public static final int MODIFY = 0x2;
    public static final int ATTRIB = 0x4;
    public static final int MOVED_FROM = 0x40;
    public static final int MOVED_TO = 0x80;
    public static final int CREATE = 0x100;
    public static final int DELETE = 0x200;
    public static final int DELETE_SELF = 0x400;
    public static final int MOVE_SELF = 0x800;
    public static final int UNMOUNT = 0x2000;
    public static final int OVERFLOW = 0x4000;

    /// The kernel has removed this watch.
    public static final int IGNORED = 0x8000;

    /// The entry is a directory.
    public static final int IS_DIRECTORY = 0x4000_0000;

    private static final int ONLY_DIRECTORY = 0x0100_0000;
    private static final int CLOEXEC = 02000000;
    private static final int POLLIN = 1;
    private static final int BUFFER_BYTES = 1 << 16;

    private static final MethodHandle INIT = bind("inotify_init1", INT, INT);
    private static final MethodHandle ADD = bind("inotify_add_watch", INT, INT, POINTER, INT);
    private static final MethodHandle REMOVE = bind("inotify_rm_watch", INT, INT, INT);
    private static final MethodHandle POLL = bind("poll", INT, POINTER, LONG, INT);
    private static final MethodHandle READ = bind("read", LONG, INT, POINTER, LONG);

    private final Fd instance;

    /// One event of the directory with the number `watch`. `cookie` joins the two ends of a move;
    /// `name` is the entry's in that directory, empty for the directory itself.
    public record Event(int watch, int mask, int cookie, String name) {
        public boolean is(int flag) {
            return (mask & flag) != 0;
        }
    }

    private Inotify(Fd instance) {
        this.instance = instance;
    }

    /// Fails with `EMFILE` where the host's `fs.inotify.max_user_instances` is reached.
    public static Inotify open() throws LinuxException {
        int flags = CLOEXEC | Linux.O_NONBLOCK;
        return new Inotify(
                new Fd(
                        (int)
                                call(
                                        "inotify_init1",
                                        (_, errno) -> (int) INIT.invokeExact(errno, flags))));
    }

    /// Watches what `directory` stands for, which may be opened with `O_PATH`; the descriptor may
    /// be closed then. A directory that is watched already keeps its number. Fails with `ENOSPC`
    /// where the host's `fs.inotify.max_user_watches` is reached.
    public int add(Fd directory, int mask) throws LinuxException {
        int fd = instance.number();
        String path = "/proc/self/fd/" + directory.number();
        Native.Call add =
                (arena, errno) ->
                        (int)
                                ADD.invokeExact(
                                        errno, fd, string(arena, path), mask | ONLY_DIRECTORY);
        return (int) call("inotify_add_watch", add);
    }

    /// Does nothing to a watch that has gone.
    public void remove(int watch) throws LinuxException {
        int fd = instance.number();
        try {
            call("inotify_rm_watch", (_, errno) -> (int) REMOVE.invokeExact(errno, fd, watch));
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
        }
    }

    /// What has happened since; waits for something if there is nothing.
    public List<Event> next(Duration wait) throws LinuxException {
        if (!isReady(wait)) {
            return List.of();
        }
        int fd = instance.number();
        List<Event> events = new ArrayList<>();
        Native.Call read =
                (arena, errno) -> {
                    MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
                    long size = (long) READ.invokeExact(errno, fd, buffer, (long) BUFFER_BYTES);
                    parse(buffer.asSlice(0, Math.max(size, 0)), events);
                    return size;
                };
        call("read", read);
        return events;
    }

    private boolean isReady(Duration wait) throws LinuxException {
        int fd = instance.number();
        int millis = Math.toIntExact(wait.toMillis());
        Native.Call poll =
                (arena, errno) -> {
                    MemorySegment request = arena.allocate(8, 4);
                    request.set(INT, 0, fd);
                    request.set(JAVA_SHORT, 4, (short) POLLIN);
                    return (int) POLL.invokeExact(errno, request, 1L, millis);
                };
        return call("poll", poll) > 0;
    }

    // struct inotify_event: watch 4, mask 4, cookie 4, length 4, name padded with NUL.
    private static void parse(MemorySegment buffer, List<Event> events) {
        long at = 0;
        while (at < buffer.byteSize()) {
            int length = buffer.get(INT, at + 12);
            byte[] name = buffer.asSlice(at + 16, length).toArray(JAVA_BYTE);
            int end = 0;
            while (end < length && name[end] != 0) {
                end++;
            }
            events.add(
                    new Event(
                            buffer.get(INT, at),
                            buffer.get(INT, at + 4),
                            buffer.get(INT, at + 8),
                            FileNames.decode(Arrays.copyOf(name, end))));
            at += 16 + length;
        }
    }

    public boolean isClosed() {
        return instance.isClosed();
    }

    @Override
    public void close() {
        instance.close();
    }
}

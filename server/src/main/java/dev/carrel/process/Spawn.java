package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Programs that are started by one system call and one exec. Java's own way puts a program and
/// three threads in between, which is better for all but what is on the path of a caller who waits.
///
/// Descriptors that Java left open are inherited, and so are the signals that it blocks: only for
/// programs of ours, which see to both and begin a session of their own.
public final class Spawn {
    private static final int SIGKILL = 9;
    private static final int SIGNAL_MASK = 0x7f;

    private static final MethodHandle SPAWN =
            bind("posix_spawn", INT, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER);
    private static final MethodHandle WAITPID = bind("waitpid", INT, INT, POINTER, INT);

    private Spawn() {}

    /// Runs a program, by its path, to its end; returns its exit code, or 128 + signal. When the
    /// time has passed, it is killed with its session, and this fails. Blocks its thread in the
    /// kernel, deaf to interrupts: call it on a platform thread, whose namespaces the program has.
    public static int run(List<String> argv, Map<String, String> environment, Duration timeout)
            throws IOException {
        int child = start(argv, environment);
        boolean ended = false;
        try (PidFd handle = PidFd.open(child)) {
            ended = handle.awaitEnd(timeout);
        } finally {
            if (!ended) {
                kill(child);
            }
        }
        int code = reap(child);
        if (!ended) {
            throw new IOException(
                    "%s did not end within %d s".formatted(argv.getFirst(), timeout.toSeconds()));
        }
        return code;
    }

    private static int start(List<String> argv, Map<String, String> environment)
            throws LinuxException {
        String program = argv.getFirst();
        List<String> variables =
                environment.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toList();
        var child = new int[1];
        Native.Call spawn =
                (arena, errno) -> {
                    MemorySegment none = MemorySegment.NULL;
                    MemorySegment number = arena.allocate(INT);
                    MemorySegment path = string(arena, program);
                    MemorySegment arguments = strings(arena, argv);
                    MemorySegment env = strings(arena, variables);
                    int result =
                            (int)
                                    SPAWN.invokeExact(
                                            errno, number, path, none, none, arguments, env);
                    child[0] = number.get(INT, 0);
                    return result;
                };
        long error = call("posix_spawn", spawn);
        if (error != 0) {
            throw new LinuxException((int) error, "posix_spawn " + program);
        }
        return child[0];
    }

    private static MemorySegment strings(Arena arena, List<String> texts) {
        MemorySegment array = arena.allocate(POINTER, texts.size() + 1L);
        for (int i = 0; i < texts.size(); i++) {
            array.setAtIndex(POINTER, i, string(arena, texts.get(i)));
        }
        return array;
    }

    // By its own number too: it may not have begun its session yet.
    private static void kill(int child) throws LinuxException {
        for (int target : new int[] {-child, child}) {
            try {
                Linux.kill(target, SIGKILL);
            } catch (LinuxException e) {
                if (e.errno() != Errno.ESRCH) {
                    throw e;
                }
            }
        }
    }

    private static int reap(int child) throws LinuxException {
        var status = new int[1];
        Native.Call wait =
                (arena, errno) -> {
                    MemorySegment out = arena.allocate(INT);
                    int result = (int) WAITPID.invokeExact(errno, child, out, 0);
                    status[0] = out.get(INT, 0);
                    return result;
                };
        call("waitpid", wait);
        int signal = status[0] & SIGNAL_MASK;
        return signal == 0 ? status[0] >> 8 & 0xff : 128 + signal;
    }
}

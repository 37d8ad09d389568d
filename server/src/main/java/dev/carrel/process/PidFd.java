package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.bindVariadic;
import static dev.carrel.process.Native.call;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/// A hold on one process, whoever its parent is, that cannot mean another one after the number was
/// given again.
public final class PidFd implements AutoCloseable {
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_SEND_SIGNAL = 424;
    private static final short POLLIN = 1;
    private static final int SIGKILL = 9;

    private static final MethodHandle OPEN = bindVariadic("syscall", 1, LONG, LONG, LONG, LONG);
    private static final MethodHandle SEND =
            bindVariadic("syscall", 1, LONG, LONG, LONG, LONG, POINTER, LONG);
    private static final MethodHandle POLL = bind("poll", INT, POINTER, LONG, INT);

    private final Fd fd;

    private PidFd(Fd fd) {
        this.fd = fd;
    }

    /// Fails with `ESRCH` when there is no such process.
    public static PidFd open(int process) throws LinuxException {
        Native.Call open =
                (arena, errno) -> (long) OPEN.invokeExact(errno, PIDFD_OPEN, (long) process, 0L);
        return new PidFd(new Fd((int) call("pidfd_open " + process, open)));
    }

    /// Sends SIGKILL; does nothing when the process has ended.
    public void kill() throws LinuxException {
        long number = fd.number();
        Native.Call send =
                (arena, errno) ->
                        (long)
                                SEND.invokeExact(
                                        errno,
                                        PIDFD_SEND_SIGNAL,
                                        number,
                                        (long) SIGKILL,
                                        MemorySegment.NULL,
                                        0L);
        try {
            call("pidfd_send_signal", send);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ESRCH) {
                throw e;
            }
        }
    }

    /// Waits until the process has ended, reaped or not; for the first process of a pid namespace
    /// that means all others of it have, too. Returns false when the time has passed. Blocks its
    /// thread in the kernel, deaf to interrupts: call it on a platform thread.
    public boolean awaitEnd(Duration timeout) throws LinuxException {
        int number = fd.number();
        int millis = Math.toIntExact(timeout.toMillis());
        Native.Call poll =
                (arena, errno) -> {
                    MemorySegment descriptor = arena.allocate(8, 4);
                    descriptor.set(INT, 0, number);
                    descriptor.set(JAVA_SHORT, 4, POLLIN);
                    return (int) POLL.invokeExact(errno, descriptor, 1L, millis);
                };
        return call("poll", poll) > 0;
    }

    @Override
    public void close() {
        fd.close();
    }
}

package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;

import java.lang.invoke.MethodHandle;

/// System calls that change what the calling thread sees and who it is. They touch this thread
/// only, so it must be a platform thread, or not leave the virtual one before the change is undone.
public final class Namespaces {
    /// The working directory and root, which a thread may share with others, on its own.
    public static final int CLONE_FS = 0x200;

    public static final int CLONE_NEWNS = 0x0002_0000;
    public static final int CLONE_NEWNET = 0x4000_0000;
    public static final int CLONE_NEWUSER = 0x1000_0000;

    private static final MethodHandle UNSHARE = bind("unshare", INT, INT);
    private static final MethodHandle SETNS = bind("setns", INT, INT, INT);
    private static final MethodHandle SETFSUID = bind("setfsuid", INT, INT);
    private static final MethodHandle SETFSGID = bind("setfsgid", INT, INT);

    private Namespaces() {}

    /// Gives this thread, and the processes that it starts from now on, namespaces of their own.
    /// The kernel refuses `CLONE_NEWUSER` to a process of several threads.
    public static void unshare(int flags) throws LinuxException {
        call("unshare", (arena, errno) -> (int) UNSHARE.invokeExact(errno, flags));
    }

    /// Moves this thread into the namespace that `namespace` (a file of `/proc/<pid>/ns`) stands
    /// for.
    public static void enter(Fd namespace, int type) throws LinuxException {
        int fd = namespace.number();
        call("setns", (arena, errno) -> (int) SETNS.invokeExact(errno, fd, type));
    }

    /// What [#as] does.
    @FunctionalInterface
    public interface Work<T> {
        T run() throws LinuxException;
    }

    /// Makes system calls with the file access rights of another user, and without root's. `work`
    /// must be nothing but a system call: a virtual thread that waits in between would leave the
    /// rights to another one.
    public static <T> T as(int user, int group, Work<T> work) throws LinuxException {
        setAccess(user, group);
        try {
            return work.run();
        } finally {
            setAccess(0, 0);
        }
    }

    // Both return the previous id and never fail: the group first, while the right to is there.
    private static void setAccess(int user, int group) throws LinuxException {
        call("setfsgid", (arena, errno) -> (int) SETFSGID.invokeExact(errno, group) & 0L);
        call("setfsuid", (arena, errno) -> (int) SETFSUID.invokeExact(errno, user) & 0L);
    }
}

package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.bindVariadic;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/// A copy of a program in memory that nobody can change any more, root of a container included
/// (CVE-2019-5736). Container runtimes make such a copy of themselves at each start, and execute
/// themselves again, unless they find that they are one.
public final class SealedProgram implements AutoCloseable {
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;
    private static final int MFD_EXEC = 16;
    private static final int F_ADD_SEALS = 1033;

    /// No more seals, no shrinking, growing or writing.
    private static final int SEALS = 1 | 2 | 4 | 8;

    private static final MethodHandle MEMFD_CREATE = bind("memfd_create", INT, POINTER, INT);
    private static final MethodHandle FCNTL = bindVariadic("fcntl", 2, INT, INT, INT, INT);

    private final Fd memory;

    private SealedProgram(Fd memory) {
        this.memory = memory;
    }

    public static SealedProgram of(Path program) throws IOException {
        byte[] content = Files.readAllBytes(program);
        Fd memory = memory(program.getFileName().toString());
        boolean complete = false;
        try {
            Linux.writeFully(memory, content, 0, content.length);
            int fd = memory.number();
            call("seal", (arena, errno) -> (int) FCNTL.invokeExact(errno, fd, F_ADD_SEALS, SEALS));
            complete = true;
            return new SealedProgram(memory);
        } finally {
            if (!complete) {
                memory.close();
            }
        }
    }

    // Older kernels do not know the flag, newer ones may need it.
    private static Fd memory(String name) throws LinuxException {
        try {
            return create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            return create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        }
    }

    private static Fd create(String name, int flags) throws LinuxException {
        Native.Call create =
                (arena, errno) -> (int) MEMFD_CREATE.invokeExact(errno, string(arena, name), flags);
        return new Fd((int) call("memfd_create", create));
    }

    /// Where it can be executed until it is closed here.
    public Path path() {
        return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + memory.number());
    }

    @Override
    public void close() {
        memory.close();
    }
}

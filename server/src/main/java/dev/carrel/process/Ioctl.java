package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bindVariadic;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Requests to a file system or device that have no system call of their own.
public final class Ioctl {
    private static final MethodHandle IOCTL = bindVariadic("ioctl", 2, INT, INT, LONG, POINTER);

    private Ioctl() {}

    /// Makes a request whose argument is a structure, given in native byte order. What the kernel
    /// answers is in `argument` afterwards.
    public static void call(Fd file, long request, byte[] argument) throws LinuxException {
        int fd = file.number();
        Native.Call ioctl =
                (arena, errno) -> {
                    MemorySegment memory = arena.allocate(argument.length, 8);
                    MemorySegment.copy(argument, 0, memory, JAVA_BYTE, 0, argument.length);
                    int result = (int) IOCTL.invokeExact(errno, fd, request, memory);
                    MemorySegment.copy(memory, JAVA_BYTE, 0, argument, 0, argument.length);
                    return result;
                };
        Native.call("ioctl 0x" + Long.toHexString(request), ioctl);
    }

    /// Makes a request that answers with a new descriptor.
    static Fd open(Fd file, long request) throws LinuxException {
        int fd = file.number();
        Native.Call ioctl =
                (arena, errno) -> (int) IOCTL.invokeExact(errno, fd, request, MemorySegment.NULL);
        return new Fd((int) Native.call("ioctl 0x" + Long.toHexString(request), ioctl));
    }
}

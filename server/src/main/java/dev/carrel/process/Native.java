package dev.carrel.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// How functions of the C library are bound and called: `errno` taken at once, `EINTR` repeated,
/// memory freed with the call.
final class Native {
    static final ValueLayout.OfInt INT = JAVA_INT;
    static final ValueLayout.OfLong LONG = JAVA_LONG;
    static final AddressLayout POINTER = ADDRESS;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private Native() {}

    /// One call: allocates its arguments in `arena` and passes `errno` as the first.
    @FunctionalInterface
    interface Call {
        long invoke(Arena arena, MemorySegment errno) throws Throwable;
    }

    static MethodHandle bind(String function, ValueLayout result, MemoryLayout... parameters) {
        return bind(function, FunctionDescriptor.of(result, parameters), CAPTURE);
    }

    /// Binds a function whose parameters from index `fixed` on are variable arguments in C.
    static MethodHandle bindVariadic(
            String function, int fixed, ValueLayout result, MemoryLayout... parameters) {
        return bind(
                function,
                FunctionDescriptor.of(result, parameters),
                CAPTURE,
                Linker.Option.firstVariadicArg(fixed));
    }

    @SuppressWarnings("restricted")
    private static MethodHandle bind(
            String function, FunctionDescriptor descriptor, Linker.Option... options) {
        MemorySegment symbol =
                LINKER.defaultLookup()
                        .find(function)
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "the C library has no " + function + "()"));
        return LINKER.downcallHandle(symbol, descriptor, options);
    }

    /// Makes the call; a negative result is thrown with its errno. `what` names call and object.
    static long call(String what, Call call) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CAPTURED);
            while (true) {
                long result = call.invoke(arena, errno);
                if (result >= 0) {
                    return result;
                }
                int number = (int) ERRNO.get(errno, 0L);
                if (Errno.of(number) != Errno.EINTR) {
                    throw new LinuxException(number, what);
                }
            }
        } catch (LinuxException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(what, e);
        }
    }

    /// The C string of `text`, as [FileNames] has it. A NUL inside would cut it silently, so it is
    /// refused.
    static MemorySegment string(Arena arena, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a path must not contain NUL");
        }
        byte[] bytes = FileNames.encode(text);
        MemorySegment string = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, string, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return string;
    }
}

package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/// What Java does not tell of its sockets.
public final class Sockets {
    private static final MethodHandle GETPEERNAME = bind("getpeername", INT, INT, POINTER, POINTER);
    private static final MethodHandle GETSOCKNAME = bind("getsockname", INT, INT, POINTER, POINTER);
    private static final MethodHandle GETSOCKOPT =
            bind("getsockopt", INT, INT, INT, INT, POINTER, POINTER);

    private static final int SOL_IP = 0;
    private static final int SO_ORIGINAL_DST = 80;
    private static final int AF_INET = 2;
    private static final int ADDRESS_BYTES = 16;
    private static final File DESCRIPTORS = new File("/proc/self/fd");
    private static final ValueLayout.OfShort PORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    private Sockets() {}

    /// Where an accepted IPv4 connection was meant to go before the firewall redirected it here.
    /// Fails when it was not redirected.
    public static InetSocketAddress originalDestination(SocketChannel accepted) throws IOException {
        var remote = (InetSocketAddress) accepted.getRemoteAddress();
        var local = (InetSocketAddress) accepted.getLocalAddress();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 8);
            MemorySegment size = arena.allocate(INT);
            int number = number(remote, local, address, size);
            call(
                    "getsockopt SO_ORIGINAL_DST",
                    (_, errno) -> {
                        size.set(INT, 0, ADDRESS_BYTES);
                        return (int)
                                GETSOCKOPT.invokeExact(
                                        errno, number, SOL_IP, SO_ORIGINAL_DST, address, size);
                    });
            return read(address).orElseThrow(() -> new IOException("no IPv4 destination"));
        }
    }

    // Java does not tell the number of a channel. Both ends together belong to one socket only, and
    // that one stays open while the channel does.
    private static int number(
            InetSocketAddress remote,
            InetSocketAddress local,
            MemorySegment address,
            MemorySegment size)
            throws IOException {
        String[] names = DESCRIPTORS.list();
        for (String name : names == null ? new String[0] : names) {
            int number = Integer.parseInt(name);
            if (is(GETPEERNAME, number, remote, address, size)
                    && is(GETSOCKNAME, number, local, address, size)) {
                return number;
            }
        }
        throw new IOException("the connection is closed");
    }

    private static boolean is(
            MethodHandle question,
            int number,
            InetSocketAddress wanted,
            MemorySegment address,
            MemorySegment size)
            throws IOException {
        try {
            call(
                    "name of a socket",
                    (_, errno) -> {
                        size.set(INT, 0, ADDRESS_BYTES);
                        return (int) question.invokeExact(errno, number, address, size);
                    });
        } catch (LinuxException e) {
            return false; // no socket, not connected, or closed by now
        }
        return read(address).filter(wanted::equals).isPresent();
    }

    // struct sockaddr_in
    private static Optional<InetSocketAddress> read(MemorySegment address) throws IOException {
        if (address.get(ValueLayout.JAVA_SHORT, 0) != AF_INET) {
            return Optional.empty();
        }
        byte[] bytes = address.asSlice(4, 4).toArray(ValueLayout.JAVA_BYTE);
        int port = Short.toUnsignedInt(address.get(PORT, 2));
        return Optional.of(new InetSocketAddress(InetAddress.getByAddress(bytes), port));
    }
}

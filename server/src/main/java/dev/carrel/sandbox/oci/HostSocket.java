package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// Connections to Unix sockets of the host.
final class HostSocket {
    private HostSocket() {}

    /// Not by its name: that may be too long for an address, or a link to another's socket.
    static SocketChannel connect(Path path) throws IOException {
        try (Fd file = Linux.open(path.toString(), Linux.O_PATH | Linux.O_NOFOLLOW, 0)) {
            if (Linux.stat(file).isSymlink()) {
                throw new IOException("not a socket: " + path);
            }
            var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                socket.connect(UnixDomainSocketAddress.of("/proc/self/fd/" + file.number()));
            } catch (IOException e) {
                socket.close();
                throw e;
            }
            return socket;
        }
    }
}

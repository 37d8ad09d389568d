package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/// The way into a virtual machine: pid 1 connects to a port there, and its relay out here carries
/// the bytes.
record RelayCall(SandboxFolder folder) implements InnerPorts.Way {
    @Override
    public Optional<SocketChannel> to(int port, Duration timeout) throws IOException {
        SocketChannel channel = HostSocket.connect(folder.bundle().resolve("ports"));
        boolean connected = false;
        try {
            channel.write(ByteBuffer.allocate(Short.BYTES).putShort((short) port).flip());
            connected = isGreeted(channel, port, timeout);
            return connected ? Optional.of(channel) : Optional.empty();
        } finally {
            if (!connected) {
                channel.close();
            }
        }
    }

    // The first byte says that the port has answered; without it, it has refused.
    private boolean isGreeted(SocketChannel channel, int port, Duration timeout)
            throws IOException {
        channel.configureBlocking(false);
        ByteBuffer greeting = ByteBuffer.allocate(1);
        try (Selector selector = Selector.open()) {
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            if (selector.select(Math.max(1, timeout.toMillis())) == 0) {
                throw new CarrelException(
                        ErrorCode.UNAVAILABLE,
                        "port %d of sandbox %s does not accept a connection within %d s"
                                .formatted(port, folder.id(), timeout.toSeconds()));
            }
            int read = channel.read(greeting);
            key.cancel();
            selector.selectNow(); // a channel is blocking again only when its key is gone
            channel.configureBlocking(true);
            return read == 1;
        }
    }
}

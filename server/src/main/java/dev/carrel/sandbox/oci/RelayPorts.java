package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The network of a virtual machine is inside of it. Pid 1 connects to a port there, and its relay
/// out here carries the bytes.
final class RelayPorts implements Ports {
    private final SandboxFolder folder;
    private final InitNamespace outside;
    private final BooleanSupplier alive;
    private volatile boolean closed;

    /// `outside` is the namespace from which the machine's network goes on; it is closed with this.
    RelayPorts(SandboxFolder folder, InitNamespace outside, BooleanSupplier alive) {
        this.folder = folder;
        this.outside = outside;
        this.alive = alive;
    }

    /// To IPv4's loopback, where servers on all addresses are found too.
    @Override
    public Optional<SocketChannel> connect(int port, Duration timeout) {
        if (closed || !alive.getAsBoolean()) {
            throw Failures.notRunning(folder.id());
        }
        try {
            return ask(port, timeout);
        } catch (IOException e) {
            throw closed || !alive.getAsBoolean()
                    ? Failures.notRunning(folder.id())
                    : Failures.failed(folder.id(), "be connected to", e);
        }
    }

    private Optional<SocketChannel> ask(int port, Duration timeout) throws IOException {
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

    @Override
    public boolean areOfTheHost() {
        return false;
    }

    @Override
    public String links() {
        return outside.links();
    }

    // The tables are inside, too.
    @Override
    public List<ListeningSocket> listening() {
        return List.of();
    }

    @Override
    public void close() {
        closed = true;
        outside.close();
    }
}

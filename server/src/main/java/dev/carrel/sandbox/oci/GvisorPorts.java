package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/// The network of a gVisor sandbox is inside of it, where no socket of the host can be made. runsc
/// hands it one end of a connection, which it joins to a connection of its own to the port.
final class GvisorPorts implements Ports {
    private static final AtomicLong CONNECTIONS = new AtomicLong();

    private final SandboxId sandbox;
    private final InitNamespace outside;
    private final Path state;
    private final BooleanSupplier alive;
    private volatile boolean closed;

    /// `outside` is the namespace from which gVisor's own network goes on; it is closed with this.
    /// `state` is the folder that runsc keeps the sandbox's state in.
    GvisorPorts(SandboxId sandbox, InitNamespace outside, Path state, BooleanSupplier alive) {
        this.sandbox = sandbox;
        this.outside = outside;
        this.state = state;
        this.alive = alive;
    }

    /// To IPv4's loopback, where servers on all addresses are found too.
    @Override
    public Optional<SocketChannel> connect(int port, Duration timeout) {
        if (closed || !alive.getAsBoolean()) {
            throw Failures.notRunning(sandbox);
        }
        Path door = state.resolve("port-" + CONNECTIONS.incrementAndGet());
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(door), 1);
            HostCommand.Result result = forward(door, port, timeout);
            if (result.exitCode() == 0) {
                return Optional.of(listener.accept());
            }
            if (result.err().contains("connection was refused")) {
                return Optional.empty();
            }
            throw closed || !alive.getAsBoolean()
                    ? Failures.notRunning(sandbox)
                    : Failures.failed(sandbox, "be connected to", new IOException(result.err()));
        } catch (IOException e) {
            throw Failures.failed(sandbox, "be connected to", e);
        } finally {
            remove(door);
        }
    }

    private HostCommand.Result forward(Path door, int port, Duration timeout) throws IOException {
        long begun = System.nanoTime();
        try {
            return HostCommand.of(
                            "runsc",
                            "--root",
                            state.toString(),
                            "port-forward",
                            "--stream",
                            door.toString(),
                            Runsc.NAME,
                            Integer.toString(port))
                    .withTimeout(timeout)
                    .run();
        } catch (IOException e) {
            if (System.nanoTime() - begun < timeout.toNanos()) {
                throw e;
            }
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "port %d of sandbox %s does not accept a connection within %d s"
                            .formatted(port, sandbox, timeout.toSeconds()),
                    e);
        }
    }

    private void remove(Path door) {
        try {
            Files.deleteIfExists(door);
        } catch (IOException e) {
            throw Failures.failed(sandbox, "be connected to", e);
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

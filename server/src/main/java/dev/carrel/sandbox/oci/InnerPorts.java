package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The ports of a sandbox whose network is inside of it, where no socket of the host can be made.
final class InnerPorts implements Ports {
    /// How connections get in.
    interface Way {
        /// To IPv4's loopback, where servers on all addresses are found too. Empty when nobody
        /// listens; fails with `UNAVAILABLE` after `timeout`.
        Optional<SocketChannel> to(int port, Duration timeout) throws IOException;
    }

    private final SandboxId sandbox;
    private final InitNamespace outside;
    private final Way way;
    private final BooleanSupplier alive;
    private volatile boolean closed;

    /// `outside` is the namespace from which the inner network goes on; it is closed with this.
    InnerPorts(SandboxId sandbox, InitNamespace outside, Way way, BooleanSupplier alive) {
        this.sandbox = sandbox;
        this.outside = outside;
        this.way = way;
        this.alive = alive;
    }

    @Override
    public Optional<SocketChannel> connect(int port, Duration timeout) {
        if (hasEnded()) {
            throw Failures.notRunning(sandbox);
        }
        try {
            return way.to(port, timeout);
        } catch (IOException e) {
            throw hasEnded()
                    ? Failures.notRunning(sandbox)
                    : Failures.failed(sandbox, "be connected to", e);
        }
    }

    private boolean hasEnded() {
        return closed || !alive.getAsBoolean();
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

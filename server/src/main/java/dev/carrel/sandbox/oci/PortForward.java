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
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/// The way into a gVisor sandbox: runsc is handed one end of a connection, which it joins to a
/// connection of its own to the port. `state` is the folder that it keeps the sandbox's state in.
record PortForward(SandboxId sandbox, Path state) implements InnerPorts.Way {
    private static final AtomicLong CONNECTIONS = new AtomicLong();

    @Override
    public Optional<SocketChannel> to(int port, Duration timeout) throws IOException {
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
            throw new IOException(result.err());
        } finally {
            Files.deleteIfExists(door);
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
}

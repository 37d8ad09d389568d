package dev.carrel.sandbox.oci;

import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The host's way to what listens inside a running sandbox. Any thread may use it until it is
/// closed; after that, and when the sandbox has ended, calls fail with `SANDBOX_NOT_RUNNING`.
interface Ports extends AutoCloseable {
    /// As [dev.carrel.sandbox.RunningSandbox#connect].
    Optional<SocketChannel> connect(int port, Duration timeout);

    /// Whether the host's kernel has the sandbox's processes and sockets, and so can count them.
    boolean areOfTheHost();

    /// What `/proc/net/dev` says of the network namespace.
    String links();

    /// The TCP ports that something inside listens on; none where they are not of the host.
    List<ListeningSocket> listening();

    @Override
    void close();
}

package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/// The host's name servers as they are now, looked up every few seconds at most.
final class HostNameServers implements Supplier<List<InetSocketAddress>> {
    private static final Duration FRESH_FOR = Duration.ofSeconds(5);

    private record Known(List<InetSocketAddress> servers, long at) {}

    private volatile Known known = new Known(List.of(), System.nanoTime() - FRESH_FOR.toNanos());

    @Override
    public List<InetSocketAddress> get() {
        Known current = known;
        if (System.nanoTime() - current.at < FRESH_FOR.toNanos()) {
            return current.servers;
        }
        try {
            var fresh = new Known(Resolvers.ofHost().servers(), System.nanoTime());
            known = fresh;
            return fresh.servers;
        } catch (IOException e) {
            throw new UncheckedIOException("the host's name servers cannot be read", e);
        }
    }
}

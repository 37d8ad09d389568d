package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The name servers that the host itself uses. Sandboxes do not see them: they ask the server,
/// which asks these.
record Resolvers(List<InetSocketAddress> servers) {
    /// As many as the C library reads.
    private static final int MAX = 3;

    static final int PORT = 53;
    private static final Path HOST = Path.of("/etc/resolv.conf");

    Resolvers {
        servers = List.copyOf(servers);
    }

    static Resolvers ofHost() throws IOException {
        return parse(Files.exists(HOST) ? Files.readString(HOST) : "");
    }

    static Resolvers parse(String text) {
        return new Resolvers(
                text.lines()
                        .map(line -> line.strip().split("\\s+"))
                        .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                        .flatMap(words -> address(words[1]).stream())
                        .distinct()
                        .limit(MAX)
                        .map(address -> new InetSocketAddress(address, PORT))
                        .toList());
    }

    private static Optional<InetAddress> address(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // as the C library, which passes over what it cannot read
        }
    }
}

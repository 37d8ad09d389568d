package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The name servers that sandboxes use: those of the host, by their IPv4 address. A resolver on the
/// host's own loopback is out of their reach; where systemd runs it, it says which ones it asks.
record Resolvers(List<String> addresses) {
    /// As many as the C library reads.
    private static final int MAX = 3;

    private static final Path HOST = Path.of("/etc/resolv.conf");
    private static final Path BEHIND_SYSTEMD = Path.of("/run/systemd/resolve/resolv.conf");

    Resolvers {
        addresses = List.copyOf(addresses);
    }

    static Resolvers ofHost() throws IOException {
        Resolvers direct = parse(readIfThere(HOST));
        return direct.addresses().isEmpty() ? parse(readIfThere(BEHIND_SYSTEMD)) : direct;
    }

    static Resolvers parse(String text) {
        return new Resolvers(
                text.lines()
                        .map(line -> line.strip().split("\\s+"))
                        .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                        .map(words -> words[1])
                        .filter(address -> Subnet.parse(address).isPresent())
                        .filter(address -> !address.startsWith("127.") && !address.startsWith("0."))
                        .distinct()
                        .limit(MAX)
                        .toList());
    }

    /// The `resolv.conf` of a sandbox.
    String toFile() {
        var text = new StringBuilder();
        addresses.forEach(address -> text.append("nameserver ").append(address).append('\n'));
        return text.append("options timeout:2 attempts:3\n").toString();
    }

    private static String readIfThere(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }
}

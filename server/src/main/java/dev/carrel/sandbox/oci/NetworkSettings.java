package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.ClosedRanges;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `subnet`, such as `10.20.0.0/20`, is where the sandboxes' addresses come from; one that nothing
/// on the host uses is found otherwise. `closed` says which private ranges rules may open.
/// `nameServers` are asked for sandboxes, those of the host when there are none here.
public record NetworkSettings(
        Optional<String> subnet, ClosedRanges closed, List<InetSocketAddress> nameServers) {
    public static final NetworkSettings DEFAULT =
            new NetworkSettings(Optional.empty(), ClosedRanges.DEFAULT, List.of());

    private static final Pattern SERVER = Pattern.compile("([0-9.]+)(?::([0-9]{1,5}))?");
    private static final int PORT_MAX = 65_535;

    public NetworkSettings {
        nameServers = List.copyOf(nameServers);
    }

    /// Reads `10.1.1.1` or `10.1.1.1:5353`. Fails with `IllegalArgumentException`.
    public static InetSocketAddress nameServer(String text) {
        Matcher matcher = SERVER.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text + " is no address of a name server");
        }
        String port = matcher.group(2);
        return new InetSocketAddress(
                InetAddress.ofLiteral(matcher.group(1)),
                port == null ? Resolvers.PORT : Math.min(Integer.parseInt(port), PORT_MAX));
    }
}

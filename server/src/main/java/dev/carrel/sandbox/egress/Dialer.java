package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.HostName;
import dev.carrel.sandbox.NetworkPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;

/// Connects to hosts by name: to an address that the resolver found now and the policy lets it
/// have, whatever address the sandbox meant.
final class Dialer {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /// Names with many addresses are tried at so many of them.
    private static final int TRIES_MAX = 3;

    /// How a connection to an address is made.
    @FunctionalInterface
    interface Connector {
        Connector TCP =
                target -> {
                    var socket = new Socket();
                    try {
                        socket.connect(target, Math.toIntExact(CONNECT_TIMEOUT.toMillis()));
                        return socket;
                    } catch (IOException e) {
                        socket.close();
                        throw e;
                    }
                };

        Socket connect(InetSocketAddress target) throws IOException;
    }

    /// A connection, and the address that it was made to; `names` knows who may have it.
    record Dialed(Socket socket, InetAddress address, Names names) {}

    private final Names names;
    private final Connector connector;

    Dialer(Names names, Connector connector) {
        this.names = names;
        this.connector = connector;
    }

    /// Fails with [Refused] when nothing is to be reached under this name.
    Dialed dial(NetworkPolicy policy, HostName name, int port) throws IOException {
        if (!policy.allowsName(name)) {
            throw Refused.closed(name.text());
        }
        List<InetAddress> addresses = addresses(policy, name);
        if (addresses.isEmpty()) {
            throw new Refused(502, name + " has no address that this sandbox may reach");
        }
        var failure = new Refused(502, name + " cannot be connected to");
        for (InetAddress address : addresses.stream().limit(TRIES_MAX).toList()) {
            try {
                Socket socket = connector.connect(new InetSocketAddress(address, port));
                return new Dialed(socket, address, names);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        throw failure;
    }

    private List<InetAddress> addresses(NetworkPolicy policy, HostName name) throws Refused {
        try {
            return names.addresses(policy, name);
        } catch (IOException e) {
            var refused = new Refused(502, name + " cannot be looked up now");
            refused.addSuppressed(e);
            throw refused;
        }
    }
}

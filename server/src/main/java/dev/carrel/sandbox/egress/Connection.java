package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.EdgeSecret;
import dev.carrel.sandbox.HostName;
import dev.carrel.sandbox.NetworkPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A connection through the proxy: the sandbox's end, the host's end once there is one, and what it
/// was opened for.
final class Connection implements Passage, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private final Client client;
    private final Socket near;
    private final HostName name;
    private final Optional<EdgeSecret> secret;
    private final Socket far;
    private volatile @Nullable Socket secured;
    private final Names names;
    private final InetAddress address;

    /// Registered with the client until it is closed.
    Connection(
            Client client,
            Socket near,
            HostName name,
            Optional<EdgeSecret> secret,
            Dialer.Dialed dialed) {
        this.client = client;
        this.near = near;
        this.name = name;
        this.secret = secret;
        this.far = dialed.socket();
        this.address = dialed.address();
        this.names = dialed.names();
        client.add(this);
    }

    Socket far() {
        Socket tls = secured;
        return tls == null ? far : tls;
    }

    Optional<EdgeSecret> secret() {
        return secret;
    }

    /// From now on the host is spoken to through this.
    void secure(Socket tls) {
        secured = tls;
    }

    @Override
    public boolean isAllowedBy(NetworkPolicy policy) {
        return policy.allowsName(name)
                && policy.secret(name).equals(secret)
                && names.permits(address, policy);
    }

    @Override
    public void cut() {
        close(near);
        close(far);
    }

    /// Closes the host's end; the sandbox's may have to be told why.
    @Override
    public void close() {
        client.remove(this);
        close(far);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("a connection of a sandbox did not close well", e);
        }
    }
}

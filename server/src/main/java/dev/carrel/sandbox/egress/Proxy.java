package dev.carrel.sandbox.egress;

import dev.carrel.process.Sockets;
import dev.carrel.sandbox.EdgeSecret;
import dev.carrel.sandbox.HostName;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where all TCP of sandboxes goes whose rules name hosts. It must begin with a TLS hello or an
/// HTTP request, on whatever port: by the name in it, and by nothing else, is decided where it goes
/// on.
final class Proxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Proxy.class);

    /// Of all sandboxes; each has a smaller limit of its own.
    private static final int CONNECTIONS_MAX = 4096;

    /// Secrets go to these ports of a host only: behind others is something else.
    private static final int TLS_PORT = 443;

    private static final int CLEAR_PORT = 80;

    private static final int BACKLOG = 512;
    private static final Duration FIRST_WORDS_TIMEOUT = Duration.ofSeconds(30);

    /// Between requests, and while a host thinks.
    private static final Duration SILENCE_MAX = Duration.ofMinutes(10);

    /// A fatal alert: access denied.
    private static final byte[] ALERT = {21, 3, 3, 0, 2, 2, 49};

    /// Where a connection was meant to go.
    @FunctionalInterface
    interface Destination {
        Destination REDIRECTED = Sockets::originalDestination;

        InetSocketAddress of(SocketChannel accepted) throws IOException;
    }

    private final ServerSocketChannel listener;
    private final Clients clients;
    private final Dialer dialer;
    private final Tls tls;
    private final Destination destination;
    private final Semaphore slots = new Semaphore(CONNECTIONS_MAX);

    private Proxy(
            ServerSocketChannel listener,
            Clients clients,
            Dialer dialer,
            Tls tls,
            Destination destination) {
        this.listener = listener;
        this.clients = clients;
        this.dialer = dialer;
        this.tls = tls;
        this.destination = destination;
    }

    /// Listens on a free port of this address.
    static Proxy open(
            InetAddress address, Clients clients, Dialer dialer, Tls tls, Destination destination)
            throws IOException {
        // Not an IPv6 socket: those do not tell the original destination.
        var listener = ServerSocketChannel.open(StandardProtocolFamily.INET);
        try {
            listener.bind(new InetSocketAddress(address, 0), BACKLOG);
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        var proxy = new Proxy(listener, clients, dialer, tls, destination);
        Thread.ofVirtual().name("egress").start(proxy::accept);
        return proxy;
    }

    int port() {
        return listener.socket().getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel accepted = listener.accept();
                if (slots.tryAcquire()) {
                    Thread.ofVirtual().name("egress").start(() -> admit(accepted));
                } else {
                    accepted.close();
                }
            } catch (IOException e) {
                if (listener.isOpen()) {
                    LOG.warn("the proxy of sandboxes cannot accept", e);
                }
            }
        }
    }

    private void admit(SocketChannel accepted) {
        try (accepted) {
            Optional<Client> client = clients.await(accepted.getRemoteAddress());
            if (client.isPresent() && client.get().connections.tryAcquire()) {
                serve(client.get(), accepted);
            }
        } catch (IOException e) {
            LOG.debug("a connection of a sandbox ended", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            slots.release();
        }
    }

    private void serve(Client client, SocketChannel accepted) {
        try {
            int port = destination.of(accepted).getPort();
            Socket near = accepted.socket();
            near.setTcpNoDelay(true);
            near.setSoTimeout(Math.toIntExact(FIRST_WORDS_TIMEOUT.toMillis()));
            var input = new BufferedInputStream(near.getInputStream(), HttpHead.BYTES_MAX);
            input.mark(1);
            int first = input.read();
            input.reset();
            if (first == ClientHello.HANDSHAKE) {
                tls(client, near, input, port);
            } else if (first >= 0) {
                http(client, near, input, port);
            }
        } catch (SocketTimeoutException e) {
            LOG.debug("a sandbox connected and said nothing");
        } catch (IOException | RuntimeException e) {
            LOG.debug("a connection of a sandbox ended", e);
        } finally {
            client.connections.release();
        }
    }

    private void tls(Client client, Socket near, BufferedInputStream input, int port)
            throws IOException {
        try {
            ClientHello hello = ClientHello.read(input);
            try (Connection connection = open(client, near, hello.name(), port)) {
                if (port == TLS_PORT && connection.secret().isPresent()) {
                    standIn(connection, near, hello, input);
                    return;
                }
                connection.far().getOutputStream().write(hello.bytes());
                Relay.run(near, input, connection.far());
            }
        } catch (Refused e) {
            LOG.debug("refused: {}", e.getMessage());
            near.getOutputStream().write(ALERT);
        }
    }

    /// Ends the sandbox's TLS here and opens another to the host, because a header is to be added.
    private void standIn(
            Connection connection, Socket near, ClientHello hello, BufferedInputStream input)
            throws IOException {
        connection.secure(tls.far(connection.far(), hello.name(), TLS_PORT));
        try (Socket inside = tls.near(near, hello, input)) {
            inside.setSoTimeout(Math.toIntExact(SILENCE_MAX.toMillis()));
            new HttpPassage(inside, new BufferedInputStream(inside.getInputStream()))
                    .run(
                            TLS_PORT,
                            Optional.of(hello.name()),
                            host -> new HttpPassage.Way(connection, connection.secret()));
        }
    }

    private void http(Client client, Socket near, BufferedInputStream input, int port)
            throws IOException {
        near.setSoTimeout(Math.toIntExact(SILENCE_MAX.toMillis()));
        new HttpPassage(near, input)
                .run(
                        port,
                        Optional.empty(),
                        host -> {
                            Connection connection = open(client, near, host, port);
                            return new HttpPassage.Way(
                                    connection,
                                    connection
                                            .secret()
                                            .filter(secret ->
                                                    secret.insecure() && port == CLEAR_PORT));
                        });
    }

    private Connection open(Client client, Socket near, HostName host, int port)
            throws IOException {
        Dialer.Dialed dialed = dialer.dial(client.policy(), host, port);
        Socket far = dialed.socket();
        far.setTcpNoDelay(true);
        far.setKeepAlive(true);
        far.setSoTimeout(Math.toIntExact(SILENCE_MAX.toMillis()));
        Optional<EdgeSecret> secret = client.policy().secret(host);
        return new Connection(client, near, host, secret, dialed);
    }
}

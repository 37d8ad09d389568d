package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.telemetry.Metrics;
import io.helidon.http.DirectHandler;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.List;

/// The HTTP/1.1 server. Each connection has a virtual thread, on which handlers may block.
public final class HttpServer implements AutoCloseable {
    private static final int HEADER_BYTES_MAX = 32 << 10;
    private static final int REQUEST_LINE_BYTES_MAX = 16 << 10;

    static {
        assert HEADER_BYTES_MAX + REQUEST_LINE_BYTES_MAX == HeadParser.HEAD_BYTES_MAX;
    }

    private final HttpSettings settings;
    private final WebServer server;
    private final Sweeper sweeper;

    private HttpServer(HttpSettings settings, WebServer server, Sweeper sweeper) {
        this.settings = settings;
        this.server = server;
        this.sweeper = sweeper;
    }

    /// Listens when this returns. Fails with `UNAVAILABLE`, naming the address, when it cannot.
    public static HttpServer start(
            HttpSettings settings,
            List<Route> routes,
            Authenticator authenticator,
            Metrics metrics) {
        return start(settings, routes, HostHandler.NONE, authenticator, metrics);
    }

    /// The same with hosts that the routes have no part in.
    public static HttpServer start(
            HttpSettings settings,
            List<Route> routes,
            HostHandler hosts,
            Authenticator authenticator,
            Metrics metrics) {
        var sweeper = new Sweeper(settings.pingEvery(), settings.stallMax());
        var dispatcher = new Dispatcher(new RouteTable(routes), authenticator, metrics, sweeper);
        metrics.gauge("carrel.http.open", sweeper::size);
        var front = new Front(hosts, helidon(), sweeper, metrics);
        WebServer server = build(settings, dispatcher, front).start();
        if (!server.isRunning()) {
            // Helidon has logged why and says no more.
            sweeper.close();
            throw cannotListen(settings, "");
        }
        sweeper.start();
        return new HttpServer(settings, server, sweeper);
    }

    /// Fails as [#start] does where the port is taken, before anything else is set up for it.
    public static void requireFree(HttpSettings settings) {
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(settings.host(), settings.port()));
        } catch (IOException e) {
            throw cannotListen(settings, ": " + e.getMessage());
        }
    }

    private static CarrelException cannotListen(HttpSettings settings, String why) {
        return new CarrelException(
                ErrorCode.UNAVAILABLE,
                "Cannot listen on %s port %d%s. Is another server running there? Choose another port"
                                .formatted(settings.host(), settings.port(), why)
                        + " with --port");
    }

    private static WebServer build(HttpSettings settings, Dispatcher dispatcher, Front front) {
        return WebServer.builder()
                .host(settings.host())
                .port(settings.port())
                .shutdownHook(false)
                .shutdownGracePeriod(settings.closeGrace())
                .maxTcpConnections(settings.connectionsMax())
                .protocolsDiscoverServices(false)
                .contentEncoding(new AnyContentCoding())
                // Helidon writes in pieces of 8 KB: without this, the second one of an answer, and
                // every event after the first, waits up to 40 ms for the client's ACK.
                .connectionOptions(options -> options.tcpNoDelay(true))
                .addConnectionSelector(front)
                .directHandlers(directHandlers())
                .routing(HttpRouting.builder().addFilter(dispatcher))
                .build();
    }

    private static Http1ConnectionSelector helidon() {
        Http1Config config =
                Http1Config.builder()
                        .maxHeadersSize(HEADER_BYTES_MAX)
                        .maxPrologueLength(REQUEST_LINE_BYTES_MAX)
                        // Paths are judged by who knows what they name.
                        .validatePath(false)
                        .validatePrologue(false)
                        .addReceiveListener(new Connections())
                        .build();
        return Http1ConnectionSelector.builder().config(config).build();
    }

    /// What is refused before it is a request, in the shape of all errors.
    private static DirectHandlers directHandlers() {
        DirectHandler handler =
                (request, type, status, headers, message) ->
                        DirectErrors.response(status, headers, message);
        var handlers = DirectHandlers.builder();
        for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
            handlers.addHandler(type, handler);
        }
        return handlers.build();
    }

    public int port() {
        return server.port();
    }

    /// Where clients on this machine reach the server.
    public URI uri() {
        boolean any = settings.host().equals("0.0.0.0") || settings.host().equals("::");
        String host = any ? HttpSettings.HOST_DEFAULT : settings.host();
        String literal = host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
        return URI.create("http://" + literal + ":" + port());
    }

    /// Tells all streams to end, lets other requests finish within the grace period, cuts what is
    /// left. Closing twice does nothing.
    @Override
    public void close() {
        sweeper.closeStreams();
        server.stop();
        sweeper.close();
    }
}

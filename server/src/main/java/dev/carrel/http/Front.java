package dev.carrel.http;

import dev.carrel.telemetry.Metrics;
import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Set;

/// What every connection of the server needs: who serves which host, and Helidon for the rest.
record Front(HostHandler hosts, Http1ConnectionSelector routes, Sweeper sweeper, Metrics metrics)
        implements ServerConnectionSelector {
    @Override
    public int bytesToIdentifyConnection() {
        return 0;
    }

    @Override
    public Support supports(BufferData data) {
        return Support.SUPPORTED;
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return Set.of("http/1.1");
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        return new FrontConnection(this, context);
    }
}

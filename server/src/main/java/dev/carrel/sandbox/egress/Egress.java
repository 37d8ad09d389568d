package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.NetworkPolicy;
import java.io.IOException;

/// What of the network of sandboxes is decided by names: their resolver and their proxy, which
/// listen on the gateway's address. Sandboxes are known by their own address; those that are not
/// known get no answer. Any thread may call it.
public final class Egress implements AutoCloseable {
    private final Clients clients;
    private final NameServer nameServer;
    private final Proxy proxy;

    private final Tls tls;

    private Egress(Clients clients, NameServer nameServer, Proxy proxy, Tls tls) {
        this.tls = tls;
        this.clients = clients;
        this.nameServer = nameServer;
        this.proxy = proxy;
    }

    /// Where the firewall sends what sandboxes mean for port 53, and for the proxy.
    public record Ports(int nameDatagrams, int nameStreams, int proxy) {}

    public static Egress open(EgressSettings settings) throws IOException {
        return open(settings, Dialer.Connector.TCP, Proxy.Destination.REDIRECTED);
    }

    static Egress open(
            EgressSettings settings, Dialer.Connector connector, Proxy.Destination destination)
            throws IOException {
        var clients = new Clients();
        var names = new Names(new Upstream(settings.nameServers()), settings.closed());
        var nameServer = NameServer.open(settings.gateway(), clients, new Replies(names));
        boolean complete = false;
        try {
            var dialer = new Dialer(names, connector);
            var tls = new Tls(settings.authority(), settings.trust());
            Proxy proxy = Proxy.open(settings.gateway(), clients, dialer, tls, destination);
            complete = true;
            return new Egress(clients, nameServer, proxy, tls);
        } finally {
            if (!complete) {
                nameServer.close();
            }
        }
    }

    public Ports ports() {
        return new Ports(nameServer.datagramPort(), nameServer.streamPort(), proxy.port());
    }

    /// The certificate that sandboxes with secrets have to trust, in PEM.
    public String certificate() throws IOException {
        return tls.authority().pem();
    }

    /// A sandbox and its policy; what is open and not allowed by it any more is cut.
    public void put(int address, NetworkPolicy policy) {
        clients.put(address, policy);
    }

    /// Forgets a sandbox and cuts what it has open.
    public void remove(int address) {
        clients.remove(address);
    }

    @Override
    public void close() throws IOException {
        nameServer.close();
        proxy.close();
        clients.close();
    }
}

package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.NetworkPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The sandboxes by address. Their source addresses can be trusted: the firewall pins each to its
/// link.
final class Clients {
    private final Map<Integer, Client> clients = new ConcurrentHashMap<>();

    void put(int address, NetworkPolicy policy) {
        clients.compute(
                address,
                (key, known) -> {
                    if (known == null) {
                        return new Client(policy);
                    }
                    known.change(policy);
                    return known;
                });
    }

    void remove(int address) {
        Client gone = clients.remove(address);
        if (gone != null) {
            gone.change(NetworkPolicy.OFF);
        }
    }

    Optional<Client> at(SocketAddress source) {
        return source instanceof InetSocketAddress inet
                ? Optional.ofNullable(clients.get(bits(inet.getAddress())))
                : Optional.empty();
    }

    /// The 32 bits of an IPv4 address; 0, which nobody has, for any other.
    static int bits(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4 ? ByteBuffer.wrap(bytes).getInt() : 0;
    }
}

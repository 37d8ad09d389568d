package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.NetworkPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The sandboxes by address. Their source addresses can be trusted: the firewall pins each to its
/// link.
final class Clients {
    private static final Duration ADOPTION_MAX = Duration.ofSeconds(10);

    private final Map<Integer, Client> clients = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition adopted = lock.newCondition();

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
        lock.lock();
        try {
            adopted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The sandbox at an address; one that is not known yet is waited for, since a new server
    /// learns of those that run one by one.
    Optional<Client> await(SocketAddress source) throws InterruptedException {
        long end = System.nanoTime() + ADOPTION_MAX.toNanos();
        lock.lock();
        try {
            Optional<Client> client = at(source);
            long left = end - System.nanoTime();
            while (client.isEmpty() && left > 0) {
                left = adopted.awaitNanos(left);
                client = at(source);
            }
            return client;
        } finally {
            lock.unlock();
        }
    }

    void remove(int address) {
        Client gone = clients.remove(address);
        if (gone != null) {
            gone.change(NetworkPolicy.OFF);
        }
    }

    /// Cuts everything.
    void close() {
        List.copyOf(clients.keySet()).forEach(this::remove);
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

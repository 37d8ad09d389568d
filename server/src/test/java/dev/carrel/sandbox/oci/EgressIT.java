package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.egress.FakeNames;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Rules that name hosts, through the real kernel: what the firewall redirects, and what is left.
class EgressIT extends NetworkStage {
    private static final NetworkPolicy RULES = rules("good.example", "");

    private FakeNames names;

    @BeforeEach
    void openWithNames() throws IOException {
        uplinks.close();
        names = new FakeNames();
        names.put("good.example", "A " + PUBLIC);
        names.put("evil.example", "A " + PUBLIC);
        names.put("inner.example", "A " + PRIVATE);
        uplinks = Uplinks.open(instance, settings(), List.of());
    }

    @AfterEach
    void closeNames() {
        names.close();
    }

    private NetworkSettings settings() {
        return new NetworkSettings(
                Optional.empty(), ClosedRanges.DEFAULT, List.of(names.address()));
    }

    @Test
    void namesDecideWhereverPacketsAreSent() throws Exception {
        internet();
        Process sandbox = sandbox(RULES);

        // Nobody is at this address: the proxy goes to the one that it has found itself.
        assertThat(http(sandbox, "11.7.8.9", "good.example:8081")).contains("hello");
        assertThat(http(sandbox, PUBLIC, "good.example:8081")).contains("hello");
        assertThat(http(sandbox, PUBLIC, "evil.example:8081")).contains(" 403 ");
        assertThat(http(sandbox, PUBLIC, PUBLIC + ":8081")).contains(" 400 ");
        assertThat(datagram(sandbox(NetworkPolicy.ON))).isEqualTo("hello");
        nothingComes(
                List.of(
                        () -> http(sandbox, PRIVATE, "good.example:8081"),
                        () -> http(sandbox, uplinks.gateway(), "good.example:8081"),
                        () -> http(sandbox, "169.254.169.254", "good.example:8081"),
                        () -> get(sandbox, PUBLIC), // it names no host
                        () -> datagram(sandbox)));
    }

    /// At once, since each waits for long.
    private static void nothingComes(List<Callable<String>> requests) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<String> answer : threads.invokeAll(requests)) {
                assertThat(answer.get()).isEmpty();
            }
        }
    }

    @Test
    void rangesPassByTheProxy() throws Exception {
        internet();
        Process sandbox = sandbox(rules("good.example " + PUBLIC, ""));

        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
        assertThat(datagram(sandbox)).isEqualTo("hello");
        assertThat(http(sandbox, "11.7.8.9", "good.example:8081")).contains("hello");
        assertThat(http(sandbox, "11.7.8.9", "evil.example:8081")).contains(" 403 ");
    }

    @Test
    void resolverKnowsWhoAsks() throws Exception {
        Process limited = sandbox(RULES);
        Process free = sandbox(NetworkPolicy.ON);

        assertThat(lookUp(limited, "good.example")).isEqualTo(PUBLIC);
        assertThat(lookUp(limited, "evil.example")).isEqualTo("none");
        assertThat(lookUp(free, "evil.example")).isEqualTo(PUBLIC);
        assertThat(lookUp(free, "inner.example")).isEqualTo("none");
    }

    @Test
    void changeReachesWhatIsOpen() throws Exception {
        internet();
        Process sandbox = sandbox(NetworkPolicy.ON);
        try (var open = new OpenConnection(sandbox)) {
            assertThat(open.says()).isEqualTo("hello");
            change(sandbox, RULES);
            assertThat(open.says()).isEqualTo("closed");
        }
        assertThat(http(sandbox, PUBLIC, "evil.example:8081")).contains(" 403 ");
        change(sandbox, NetworkPolicy.ON);
        assertThat(http(sandbox, PUBLIC, "evil.example:8081")).contains("hello");
    }

    @Test
    void whoConnectsWhileNoServerRunsWaitsForTheNext() throws Exception {
        internet();
        Process sandbox = sandbox(RULES);
        uplinks.close();
        CompletableFuture<String> waiting =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return http(sandbox, PUBLIC, "good.example:8081");
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
        Thread.yield();

        uplinks = Uplinks.open(instance, settings(), folders());
        change(sandbox, RULES);

        assertThat(waiting.get(20, TimeUnit.SECONDS)).contains("hello");
        assertThat(lookUp(sandbox, "good.example")).isEqualTo(PUBLIC);
    }

    /// The answer to a request for `host` that is sent to an address; empty without one.
    private static String http(Process from, String address, String host) throws IOException {
        String python =
                """
                import socket
                try:
                    c = socket.create_connection(('%s', %d), 8); c.settimeout(8)
                    c.sendall(b'GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n')
                    while True:
                        d = c.recv(9999)
                        if not d: break
                        print(d.decode(), end='')
                except OSError: pass
                """
                        .formatted(address, PORT + 1, host);
        return inside(from, "python3", "-c", python).orFail().out();
    }

    private static String datagram(Process from) throws IOException {
        String python =
                """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
                try:
                    s.sendto(b'x', ('%s', %d)); print(s.recv(99).decode(), end='')
                except OSError: pass
                """
                        .formatted(PUBLIC, PORT);
        return inside(from, "python3", "-c", python).orFail().out();
    }

    private String lookUp(Process from, String name) throws IOException {
        String python =
                """
                import socket
                q = b'\\x12\\x34\\x01\\x00\\x00\\x01' + b'\\x00' * 6
                q += b''.join(bytes([len(l)]) + l for l in b'%s'.split(b'.')) + b'\\x00\\x00\\x01\\x00\\x01'
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
                s.sendto(q, ('%s', 53)); a = s.recv(512)
                print('.'.join(map(str, a[-4:])) if a[7] else 'none')
                """
                        .formatted(name, uplinks.gateway());
        return inside(from, "python3", "-c", python).orFail().out().strip();
    }
}

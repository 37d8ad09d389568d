package dev.carrel.api;

import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SecretRule;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// A real server whose sandboxes see an [Internet] of this machine's own.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 90, unit = TimeUnit.SECONDS)
abstract class InternetStage {
    private static final ResourceLimits SMALL =
            new ResourceLimits(Optional.of(1.0), Optional.of(256), Optional.of(512));

    Internet internet;
    RealServer server;
    CarrelClient client;

    @BeforeAll
    void open() throws IOException {
        internet = new Internet();
        server =
                start(
                        """
                        network:
                          name_servers: ["127.0.0.1:%d"]
                          private_allow: [%s]
                        """
                                .formatted(
                                        internet.names.address().getPort(), internet.innerRange));
        client = server.client();
    }

    RealServer start(String config) throws IOException {
        return RealServer.start(config, Map.of("SSL_CERT_FILE", internet.certificate().toString()));
    }

    @AfterAll
    void close() throws IOException {
        try {
            server.close();
        } finally {
            internet.close();
        }
    }

    /// Another server, after this one was killed.
    void revive() throws IOException {
        server.revive();
        client = server.client();
    }

    static NetworkRules rules(String allow, String deny) {
        return new NetworkRules(Optional.of(true), words(allow), words(deny), Map.of());
    }

    static NetworkRules secret(String host, String value) {
        return new NetworkRules(
                Optional.of(true),
                List.of(),
                List.of(),
                Map.of(host, new SecretRule("Authorization", value, Optional.empty())));
    }

    private static List<String> words(String text) {
        return Stream.of(text.split(" ")).filter(word -> !word.isEmpty()).toList();
    }

    String create(NetworkRules network) {
        return create(SandboxRequest.builder().network(network));
    }

    String create(SandboxRequest.Builder request) {
        return client.sandboxes().create(request.resources(SMALL).build()).id();
    }

    void change(String id, NetworkRules network) {
        client.sandboxes().change(id, SandboxChange.NONE.withNetwork(network));
    }

    /// What a line of shell writes to both of its outputs.
    String run(String id, String line) {
        var request = ExecuteRequest.of(Command.line("exec 2>&1; " + line));
        return client.sandboxes().execute(id, request).stdout();
    }

    /// The answer and its status, as curl in the sandbox sees them, or how curl failed.
    String web(String id, String arguments) {
        return run(
                id,
                "curl -ksS -m 5 -w ' [%{http_code}]' " + arguments + " || echo \" failed: $?\"");
    }

    /// The answer to a request that is sent to this address as it is; `|` ends a line.
    String raw(String id, String address, String head) {
        return python(
                id,
                """
                import socket
                c = socket.create_connection(('%s', 80), 3); c.settimeout(3)
                c.sendall('%s\\r\\n\\r\\n'.replace('|', '\\r\\n').encode())
                print(c.recv(9999).decode())
                """
                        .formatted(address, head));
    }

    /// What a server on this port says first; empty if it cannot be reached.
    String greeting(String id, String host, int port) {
        return python(
                id,
                """
                import socket
                try:
                    print(socket.create_connection(('%s', %d), 1).recv(99).decode(), end='')
                except OSError: pass
                """
                        .formatted(host, port));
    }

    /// The answer to a datagram; empty if there is none.
    String datagram(String id, String address, int port) {
        return python(
                id,
                """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
                try:
                    s.sendto(b'x', ('%s', %d)); print(s.recv(99).decode(), end='')
                except OSError: pass
                """
                        .formatted(address, port));
    }

    /// The addresses of a name, or `none`.
    String lookUp(String id, String name) {
        return run(id, "getent ahosts " + name + " | awk '{print $1}' | sort -u | xargs || true")
                .strip();
    }

    String python(String id, String program) {
        var command = Command.of(List.of("python3", "-c", program));
        return client.sandboxes().execute(id, ExecuteRequest.of(command)).stdout();
    }
}

package dev.carrel.sandbox.egress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.sandbox.EdgeSecret;
import dev.carrel.sandbox.HostName;
import dev.carrel.sandbox.NetworkPolicy;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Secrets at the edge: the hosts have certificates of an authority that the proxy trusts, the
/// sandbox trusts the proxy's alone.
class ProxySecretIT extends ProxyStage {
    private static final String VALUE = "Bearer s3cret";

    private Authority world;

    /// The name in the hosts' certificate.
    private volatile String hostsName = "good.example";

    @Override
    Optional<Path> trust() throws IOException {
        world = Authority.open(keys.resolve("world.p12"));
        return Optional.of(Files.writeString(keys.resolve("world.pem"), world.pem()));
    }

    @BeforeEach
    void keepSecret() {
        port = 443;
        egress.put(SELF, policy(false));
    }

    @Test
    void headerIsPutInPlaceOfWhatTheSandboxSent() throws Exception {
        String answer =
                ask("good.example", "good.example", "Authorization: placeholder\r\nX: y\r\n");

        assertThat(answer)
                .contains(" 200 ", "Authorization: " + VALUE, "X: y")
                .doesNotContain("placeholder");
        assertThat(targets).containsExactly("11.7.7.7:443");
    }

    @Test
    void everyRequestOfAConnectionGetsIt() throws Exception {
        try (SSLSocket socket = open("good.example")) {
            for (int i = 0; i < 3; i++) {
                String text = "GET /" + i + " HTTP/1.1\r\nHost: good.example\r\n\r\n";
                socket.getOutputStream().write(text.getBytes(ISO_8859_1));
                HttpHead head = HttpHead.read(socket.getInputStream()).orElseThrow();
                int length = Integer.parseInt(head.values("Content-Length").getFirst());
                assertThat(new String(socket.getInputStream().readNBytes(length), ISO_8859_1))
                        .contains("/" + i, VALUE);
            }
        }
        assertThat(targets).hasSize(1);
    }

    @Test
    void otherHostNeverGetsIt() throws Exception {
        assertThat(ask("good.example", "other.example", "")).contains(" 421 ");
        assertThat(ask("good.example", "evil.example", "")).contains(" 421 ");
        assertThat(got).noneMatch(line -> line.startsWith("GET"));
        // Not of this proxy's making: the other host shows its own certificate.
        hostsName = "other.example";
        assertThatThrownBy(() -> open("other.example")).isInstanceOf(SSLException.class);
        port = 80;
        assertThat(talk("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n")).doesNotContain(VALUE);
    }

    @Test
    void otherPortsAndClearTextDoNotGetIt() throws Exception {
        port = 80;
        String request = "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n";
        assertThat(talk(request)).contains(" 200 ").doesNotContain(VALUE);
        egress.put(SELF, policy(true));
        assertThat(talk(request)).contains(" 200 ", VALUE);
        port = 8080;
        assertThat(talk(request)).contains(" 200 ").doesNotContain(VALUE);
        port = 8443;
        assertThatThrownBy(() -> open("good.example")).isInstanceOf(SSLException.class);
    }

    @Test
    void hostThatCannotBeTrustedGetsNothing() throws Exception {
        hostsName = "evil.example";

        assertThatThrownBy(() -> open("good.example")).isInstanceOf(IOException.class);
        assertThat(got).noneMatch(line -> line.startsWith("GET"));
    }

    @Test
    void anotherSecretCutsWhatIsOpen() throws Exception {
        try (SSLSocket socket = open("good.example")) {
            egress.put(SELF, rules("good.example", ""));
            socket.setSoTimeout(3_000);
            assertThat(readAll(socket.getInputStream())).isEmpty();
        } catch (SSLException e) {
            assertThat(e).hasMessageNotContaining(VALUE);
        }
    }

    @Test
    void traceDoesNotGiveItBack() throws Exception {
        try (SSLSocket socket = open("good.example")) {
            String text = "TRACE / HTTP/1.1\r\nHost: good.example\r\n\r\n";
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            assertThat(new String(readAll(socket.getInputStream()), ISO_8859_1)).contains(" 405 ");
        }
    }

    @Test
    void authorityStaysTheSameAndIsItsOwnersAlone() throws Exception {
        String pem = egress.certificate();
        Path file = keys.resolve("keys/egress-ca.p12");

        assertThat(Authority.open(file).pem()).isEqualTo(pem);
        assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    }

    private static NetworkPolicy policy(boolean insecure) {
        var secret = new EdgeSecret(new HostName("good.example"), "Authorization", VALUE, insecure);
        return new NetworkPolicy(
                true, list("good.example other.example"), List.of(), List.of(secret));
    }

    /// As a client inside, which trusts the proxy and asks for HTTP/1.1.
    private SSLSocket open(String name) throws Exception {
        Socket plain = connect();
        var context = SSLContext.getInstance("TLS");
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        var pem = new ByteArrayInputStream(egress.certificate().getBytes(ISO_8859_1));
        store.setCertificateEntry(
                "ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        context.init(null, managers.getTrustManagers(), null);
        var socket = (SSLSocket) context.getSocketFactory().createSocket(plain, name, 443, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
        return socket;
    }

    private String ask(String name, String host, String fields) throws Exception {
        try (SSLSocket socket = open(name)) {
            String text =
                    "GET / HTTP/1.1\r\nHost: "
                            + host
                            + "\r\n"
                            + fields
                            + "Connection: close\r\n\r\n";
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            return new String(readAll(socket.getInputStream()), ISO_8859_1);
        }
    }

    @Override
    Socket secured(Socket socket) throws IOException {
        InputStream input = socket.getInputStream();
        byte[] first = input.readNBytes(1);
        var consumed = new ByteArrayInputStream(first);
        if (first.length == 1 && first[0] != ClientHello.HANDSHAKE) {
            return new Replayed(socket, new SequenceInputStream(consumed, input));
        }
        var tls =
                (SSLSocket)
                        world.context(hostsName)
                                .getSocketFactory()
                                .createSocket(socket, consumed, true);
        tls.setUseClientMode(false);
        tls.startHandshake();
        return tls;
    }

    /// A socket whose first byte was looked at.
    private static final class Replayed extends Socket {
        private final Socket socket;
        private final InputStream input;

        Replayed(Socket socket, InputStream input) {
            this.socket = socket;
            this.input = input;
        }

        @Override
        public InputStream getInputStream() {
            return input;
        }

        @Override
        public java.io.OutputStream getOutputStream() throws IOException {
            return socket.getOutputStream();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}

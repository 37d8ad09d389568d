package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.HostName;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Both ends of TLS where the proxy stands in for a host: towards the sandbox with a certificate of
/// its own [Authority], towards the host as strict as any client. HTTP/1.1 on both.
final class Tls {
    private static final String[] PROTOCOLS = {"http/1.1"};
    private static final int HELLO_REST_BYTES_MAX = 1 << 16;

    /// Where distributions keep what the host trusts.
    private static final List<Path> BUNDLES =
            List.of(
                    Path.of("/etc/ssl/certs/ca-certificates.crt"),
                    Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
                    Path.of("/etc/ssl/ca-bundle.pem"),
                    Path.of("/etc/ssl/cert.pem"));

    private final Path authorityFile;
    private final Optional<Path> trustFile;
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`; both are made at the first need.
    private @Nullable Authority authority;

    private @Nullable SSLContext trust;

    /// `trustFile` holds the certificates that hosts are checked with, in PEM; the host's own if
    /// empty.
    Tls(Path authorityFile, Optional<Path> trustFile) {
        this.authorityFile = authorityFile;
        this.trustFile = trustFile;
    }

    Authority authority() throws IOException {
        lock.lock();
        try {
            Authority known = authority;
            if (known == null) {
                known = Authority.open(authorityFile);
                authority = known;
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    /// Ends the sandbox's TLS; `hello` and what `input` has read ahead come first.
    SSLSocket near(Socket near, ClientHello hello, InputStream input) throws IOException {
        byte[] ahead = input.readNBytes(Math.min(input.available(), HELLO_REST_BYTES_MAX));
        InputStream consumed =
                new SequenceInputStream(
                        new ByteArrayInputStream(hello.bytes()), new ByteArrayInputStream(ahead));
        SSLContext context = authority().context(hello.name().text());
        var socket = (SSLSocket) context.getSocketFactory().createSocket(near, consumed, true);
        socket.setUseClientMode(false);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(PROTOCOLS);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    /// Opens TLS to the host. Fails with [Refused] when it is not the host that it should be.
    SSLSocket far(Socket far, HostName name, int port) throws IOException {
        var socket =
                (SSLSocket) trust().getSocketFactory().createSocket(far, name.text(), port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name.text())));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(PROTOCOLS);
        socket.setSSLParameters(parameters);
        try {
            socket.startHandshake();
            return socket;
        } catch (IOException e) {
            var refused = new Refused(502, name + " cannot be trusted");
            refused.addSuppressed(e);
            throw refused;
        }
    }

    private SSLContext trust() throws IOException {
        lock.lock();
        try {
            SSLContext known = trust;
            if (known == null) {
                known = trusting(trustFile.or(Tls::bundle));
                trust = known;
            }
            return known;
        } catch (GeneralSecurityException e) {
            throw new IOException("the host's trusted certificates cannot be read", e);
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Path> bundle() {
        return BUNDLES.stream().filter(Files::isRegularFile).findFirst();
    }

    private static SSLContext trusting(Optional<Path> bundle)
            throws IOException, GeneralSecurityException {
        if (bundle.isEmpty()) {
            return SSLContext.getDefault();
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream input = Files.newInputStream(bundle.get())) {
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(input)) {
                store.setCertificateEntry("ca" + number++, certificate);
            }
        }
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}

package dev.carrel.sandbox.egress;

import dev.carrel.process.PrivateFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Certificates for the hosts that the proxy stands in for. Its own certificate is this server's
/// alone, and only sandboxes with secrets trust it. Made at the first need; any thread may call it.
final class Authority {
    private static final Duration BACKDATED = Duration.ofDays(1);
    private static final Duration OWN_VALIDITY = Duration.ofDays(3650);
    private static final Duration HOST_VALIDITY = Duration.ofDays(30);
    private static final int HOSTS_MAX = 256;
    private static final String ALIAS = "ca";
    private static final X500Name NAME = new X500Name("CN=Carrel egress");
    private static final char[] NO_PASSWORD = "carrel".toCharArray();

    private record Known(SSLContext context, Instant until) {}

    private final PrivateKey key;
    private final X509Certificate certificate;
    private final KeyPair hostKeys;

    /// Guarded by `this`.
    private final Map<String, Known> hosts =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
                    return size() > HOSTS_MAX;
                }
            };

    private Authority(PrivateKey key, X509Certificate certificate, KeyPair hostKeys) {
        this.key = key;
        this.certificate = certificate;
        this.hostKeys = hostKeys;
    }

    /// The one in `file`, made there if there is none.
    static Authority open(Path file) throws IOException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            if (Files.exists(file)) {
                store.load(new ByteArrayInputStream(Files.readAllBytes(file)), NO_PASSWORD);
            } else {
                store.load(null, NO_PASSWORD);
                KeyPair keys = keys();
                X509Certificate own = sign(builder(NAME, keys, OWN_VALIDITY, true), keys);
                store.setKeyEntry(
                        ALIAS, keys.getPrivate(), NO_PASSWORD, new X509Certificate[] {own});
                save(store, file);
            }
            return new Authority(
                    (PrivateKey) store.getKey(ALIAS, NO_PASSWORD),
                    (X509Certificate) store.getCertificate(ALIAS),
                    keys());
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("the proxy's certificate authority cannot be used", e);
        }
    }

    /// What sandboxes have to trust.
    String pem() {
        try {
            var encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
            return "-----BEGIN CERTIFICATE-----\n"
                    + encoder.encodeToString(certificate.getEncoded())
                    + "\n-----END CERTIFICATE-----\n";
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a certificate that was read cannot be written", e);
        }
    }

    /// For a TLS server that is to be taken for `host`.
    synchronized SSLContext context(String host) throws IOException {
        Known known = hosts.get(host);
        if (known != null && known.until.isAfter(Instant.now())) {
            return known.context;
        }
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, NO_PASSWORD);
            store.setKeyEntry(
                    ALIAS,
                    hostKeys.getPrivate(),
                    NO_PASSWORD,
                    new X509Certificate[] {certificate(host), certificate});
            var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            Instant until = Instant.now().plus(HOST_VALIDITY.dividedBy(2));
            hosts.put(host, new Known(context, until));
            return context;
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("no certificate can be made for " + host, e);
        }
    }

    private X509Certificate certificate(String host)
            throws GeneralSecurityException, OperatorCreationException, CertIOException {
        // The name is in the extension alone: a common name has 64 characters at most.
        var builder = builder(new X500Name("CN=sandbox egress"), hostKeys, HOST_VALIDITY, false);
        builder.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(new GeneralName(GeneralName.dNSName, host)));
        return sign(builder, new KeyPair(hostKeys.getPublic(), key));
    }

    private static JcaX509v3CertificateBuilder builder(
            X500Name subject, KeyPair keys, Duration validity, boolean isAuthority)
            throws CertIOException {
        Instant now = Instant.now();
        var builder =
                new JcaX509v3CertificateBuilder(
                        NAME,
                        new BigInteger(128, new SecureRandom()),
                        Date.from(now.minus(BACKDATED)),
                        Date.from(now.plus(validity)),
                        subject,
                        keys.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(isAuthority));
        int usage = isAuthority ? KeyUsage.keyCertSign : KeyUsage.digitalSignature;
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
        return builder;
    }

    private static X509Certificate sign(JcaX509v3CertificateBuilder builder, KeyPair keys)
            throws GeneralSecurityException, OperatorCreationException {
        var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    }

    private static KeyPair keys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static void save(KeyStore store, Path file)
            throws IOException, GeneralSecurityException {
        var bytes = new ByteArrayOutputStream();
        store.store(bytes, NO_PASSWORD);
        PrivateFile.prepareFolder(file);
        PrivateFile.write(file, bytes.toByteArray());
    }
}

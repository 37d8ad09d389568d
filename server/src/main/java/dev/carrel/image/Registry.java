package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads one repository of a registry (OCI distribution specification 1.1). Everything that it
/// answers is checked against its digest by whoever reads it. Any thread may use it.
final class Registry {
    static final int MANIFEST_BYTES_MAX = 4 << 20;

    private static final String MANIFEST_TYPES =
            String.join(
                    ", ",
                    "application/vnd.oci.image.index.v1+json",
                    "application/vnd.oci.image.manifest.v1+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json",
                    "application/vnd.docker.distribution.manifest.v2+json");

    private final Reference reference;
    private final RegistryHttp http;

    /// Without TLS where `plain` is true, or the registry is on this machine.
    Registry(Reference reference, Optional<Credentials> credentials, boolean plain) {
        this.reference = reference;
        this.http = new RegistryHttp(reference, credentials, plain);
    }

    /// A manifest, which is JSON, and the digest of its bytes.
    record Fetched(String text, Digest digest) {}

    /// What the reference names. A reference by digest gets those bytes or nothing.
    Fetched manifest() throws IOException {
        return manifest(reference.wanted(), reference.digest());
    }

    Fetched manifest(Digest digest) throws IOException {
        return manifest(digest.toString(), Optional.of(digest));
    }

    private Fetched manifest(String wanted, Optional<Digest> expected) throws IOException {
        try (InputStream body = http.get("manifests/" + wanted, MANIFEST_TYPES)) {
            byte[] bytes = body.readNBytes(MANIFEST_BYTES_MAX + 1);
            if (bytes.length > MANIFEST_BYTES_MAX) {
                throw invalid("its manifest has more than " + MANIFEST_BYTES_MAX + " bytes");
            }
            Digest digest = Digest.of(bytes);
            if (expected.isPresent() && !expected.get().equals(digest)) {
                throw invalid("the registry sent another manifest than " + expected.get());
            }
            return new Fetched(new String(bytes, StandardCharsets.UTF_8), digest);
        }
    }

    /// The bytes of a blob as the registry sends them: not checked yet.
    InputStream blob(Digest digest) throws IOException {
        return http.get("blobs/" + digest, "*/*");
    }

    /// A small blob of text, whole and checked.
    String text(Descriptor wanted, int bytesMax) throws IOException {
        if (wanted.sizeBytes() > bytesMax) {
            throw invalid("its configuration has more than " + bytesMax + " bytes");
        }
        try (InputStream body = blob(wanted.digest())) {
            byte[] bytes = body.readNBytes((int) wanted.sizeBytes() + 1);
            if (bytes.length != wanted.sizeBytes() || !Digest.of(bytes).equals(wanted.digest())) {
                throw new IOException("the registry sent something else than " + wanted.digest());
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    CarrelException invalid(String why) {
        return new CarrelException(
                ErrorCode.IMAGE_INVALID,
                "image %s cannot be used: %s".formatted(reference.canonical(), why));
    }
}

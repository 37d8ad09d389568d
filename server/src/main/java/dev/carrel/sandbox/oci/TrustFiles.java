package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes programs in a sandbox trust the proxy, when it has secrets: its certificate as a file of
/// its own, and at the end of the bundles that there are. The disk is hostile: nothing is followed,
/// and what stands in the way is left to its owner.
final class TrustFiles {
    private static final Logger LOG = LoggerFactory.getLogger(TrustFiles.class);
    private static final String OWN = "etc/carrel-egress-ca.pem";
    private static final String DEBIAN = "etc/ssl/certs/ca-certificates.crt";

    /// Where distributions have their bundles; what is a link somewhere is a file elsewhere here.
    private static final List<String> BUNDLES =
            List.of(
                    DEBIAN,
                    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                    "etc/ssl/ca-bundle.pem",
                    "etc/ssl/cert.pem");

    /// From which Debian makes its bundle anew.
    private static final String LOCAL = "usr/local/share/ca-certificates/carrel-egress.crt";

    private static final int BUNDLE_BYTES_MAX = 4 << 20;
    private static final int MODE = 0644;
    private static final long RESOLVE = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
    private static final int FLAGS = Linux.O_RDWR | Linux.O_NOFOLLOW | Linux.O_NONBLOCK;

    /// For programs that bring certificates of their own, or look elsewhere.
    static final Map<String, String> ENVIRONMENT =
            Map.of(
                    "NODE_EXTRA_CA_CERTS", "/" + OWN,
                    "SSL_CERT_FILE", "/" + DEBIAN,
                    "REQUESTS_CA_BUNDLE", "/" + DEBIAN,
                    "CURL_CA_BUNDLE", "/" + DEBIAN,
                    "GIT_SSL_CAINFO", "/" + DEBIAN);

    private TrustFiles() {}

    static void write(Path root, String pem) {
        byte[] bytes = pem.getBytes(StandardCharsets.US_ASCII);
        try (Fd top = Linux.open(root.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0)) {
            for (String path : List.of(OWN, LOCAL, DEBIAN)) {
                add(top, path, Linux.O_CREAT, bytes);
            }
            for (String path : BUNDLES.subList(1, BUNDLES.size())) {
                add(top, path, 0, bytes);
            }
        } catch (IOException e) {
            LOG.info("a sandbox does not trust the proxy: {}", e.getMessage());
        }
    }

    private static void add(Fd root, String path, int create, byte[] pem) {
        int flags = FLAGS | Linux.O_APPEND | create;
        try (Fd file = Linux.openat2(root, path, flags, create == 0 ? 0 : MODE, RESOLVE)) {
            FileInfo info = Linux.stat(file);
            if (!info.isFile() || info.links() != 1 || info.sizeBytes() > BUNDLE_BYTES_MAX) {
                throw new IOException("/" + path + " is no plain file");
            }
            if (!contains(file, (int) info.sizeBytes(), pem)) {
                Linux.writeFully(file, pem, 0, pem.length);
                Linux.chown(file, IdMap.BASE, IdMap.BASE);
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                LOG.info("a sandbox keeps its own /{}: {}", path, e.getMessage());
            }
        } catch (IOException e) {
            LOG.info("a sandbox keeps its own /{}: {}", path, e.getMessage());
        }
    }

    private static boolean contains(Fd file, int size, byte[] pem) throws IOException {
        byte[] there = new byte[size];
        int done = 0;
        while (done < size) {
            int count = Linux.pread(file, there, done, size - done, done);
            if (count == 0) {
                break;
            }
            done += count;
        }
        String text = new String(there, 0, done, StandardCharsets.ISO_8859_1);
        return text.contains(new String(pem, StandardCharsets.ISO_8859_1));
    }
}

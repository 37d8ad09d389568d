package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The files in `/etc` that tell a sandbox about its network. They are the sandbox's own, on its
/// disk and within its quota; the name servers are refreshed with each start. The disk is hostile
/// by then: nothing is followed, and what stands in the way is left to its owner.
final class NetworkFiles {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkFiles.class);
    private static final long RESOLVE = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
    private static final int FLAGS = Linux.O_RDONLY | Linux.O_NOFOLLOW | Linux.O_NONBLOCK;

    private NetworkFiles() {}

    /// Writes them into a mounted root file system.
    static void write(Path root, String hostname, String nameServer) {
        String hosts =
                """
                127.0.0.1 localhost
                ::1 localhost ip6-localhost
                127.0.1.1 %s
                """
                        .formatted(hostname);
        try (Fd top = Linux.open(root.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0)) {
            writeIfChanged(top, "etc/resolv.conf", resolvConf(nameServer));
            writeIfEmpty(top, "etc/hosts", hosts);
            writeIfEmpty(top, "etc/hostname", hostname + "\n");
        } catch (IOException e) {
            // A full disk, a directory in the place of a file: it starts all the same.
            LOG.info("a sandbox keeps its own network files: {}", e.getMessage());
        }
    }

    /// Patient: while the server restarts, nobody answers.
    static String resolvConf(String nameServer) {
        return "nameserver " + nameServer + "\noptions timeout:3 attempts:4\n";
    }

    /// The name server is the host's business: refreshed when it changed.
    private static void writeIfChanged(Fd root, String path, String text) throws IOException {
        if (!beginning(root, path, text.length() + 1).equals(text)) {
            new RootedFiles(root).overwrite(path, text);
        }
    }

    private static void writeIfEmpty(Fd root, String path, String text) throws IOException {
        if (beginning(root, path, 1).isEmpty()) {
            new RootedFiles(root).overwrite(path, text);
        }
    }

    // Opened to read only: an overlay would copy the image's file to the disk otherwise, and wait
    // until it is there.
    private static String beginning(Fd root, String path, int bytes) throws IOException {
        try (Fd file = Linux.openat2(root, path, FLAGS, 0, RESOLVE)) {
            if (!Linux.stat(file).isFile()) {
                throw new IOException("/" + path + " is not a plain file");
            }
            var there = new byte[bytes];
            int size = Linux.read(file, there, 0, bytes);
            return new String(there, 0, size, StandardCharsets.UTF_8);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return "";
            }
            throw e;
        }
    }
}

package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
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
    private static final int MODE = 0644;
    private static final long RESOLVE = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
    private static final int FLAGS =
            Linux.O_RDWR | Linux.O_CREAT | Linux.O_NOFOLLOW | Linux.O_NONBLOCK;

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
        var there = new byte[text.length() + 1];
        int size;
        try (Fd file = open(root, path, 0)) {
            size = Linux.read(file, there, 0, there.length);
        }
        if (!new String(there, 0, size, StandardCharsets.UTF_8).equals(text)) {
            overwrite(root, path, text);
        }
    }

    private static void writeIfEmpty(Fd root, String path, String text) throws IOException {
        long size;
        try (Fd file = open(root, path, 0)) {
            size = Linux.stat(file).sizeBytes();
        }
        if (size == 0) {
            overwrite(root, path, text);
        }
    }

    private static Fd open(Fd root, String path, int more) throws IOException {
        Fd file = Linux.openat2(root, path, FLAGS | more, MODE, RESOLVE);
        FileInfo info = Linux.stat(file);
        if (!info.isFile() || info.links() != 1) {
            file.close();
            throw new IOException("/" + path + " is not a plain file");
        }
        return file;
    }

    // Only after a look at what is there: this empties it.
    private static void overwrite(Fd root, String path, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (Fd file = open(root, path, Linux.O_TRUNC)) {
            Linux.writeFully(file, bytes, 0, bytes.length);
            Linux.chown(file, IdMap.BASE, IdMap.BASE);
        }
    }
}

package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Mounts;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// Which users of the host the users of sandboxes are: sandboxes' root is 100000, an id that owns
/// nothing else. Images belong to the host's root; a mapped mount shows them as belonging to the
/// sandboxes' root, without copying them.
final class IdMap implements AutoCloseable {
    static final int BASE = 100_000;
    static final int SIZE = 65_536;

    private static final String MAPPING = "0 " + BASE + " " + SIZE;
    private static final long HELPER_WAIT_SECONDS = 10;

    private final Fd userNamespace;

    private IdMap(Fd userNamespace) {
        this.userNamespace = userNamespace;
    }

    /// A user namespace with the mapping. It has no process: the open descriptor keeps it.
    static IdMap open() throws IOException {
        Process helper =
                new ProcessBuilder("unshare", "--user", "--", "sh", "-c", "echo; read wait")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try (var output =
                new BufferedReader(
                        new InputStreamReader(helper.getInputStream(), StandardCharsets.UTF_8))) {
            if (output.readLine() == null) {
                throw new IOException(
                        "this host allows no user namespaces: see /proc/sys/user/max_user_namespaces"
                                + " and kernel.unprivileged_userns_clone");
            }
            Path process = Path.of("/proc/" + helper.pid());
            Files.writeString(process.resolve("uid_map"), MAPPING);
            Files.writeString(process.resolve("gid_map"), MAPPING);
            return new IdMap(Linux.open(process.resolve("ns/user").toString(), Linux.O_RDONLY, 0));
        } finally {
            end(helper);
        }
    }

    /// Mounts the tree at `source` on `target`, read-only use intended, with its owners mapped.
    void mount(Path source, Path target) throws IOException {
        try (Fd tree = Mounts.cloneTree(source.toString())) {
            apply(tree);
            Mounts.attach(tree, target.toString());
        }
    }

    /// Maps the owners under a mount that is attached nowhere yet.
    void apply(Fd tree) throws LinuxException {
        Mounts.mapIds(tree, userNamespace);
    }

    @Override
    public void close() {
        userNamespace.close();
    }

    private static void end(Process helper) throws IOException {
        helper.destroyForcibly();
        try {
            if (!helper.waitFor(HELPER_WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("the helper that holds a user namespace does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

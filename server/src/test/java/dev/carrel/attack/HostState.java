package dev.carrel.attack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What an escape would change on the host: the programs that make sandboxes, kernel settings,
/// handlers of binary formats, mounts, listening sockets, and who owns what listens.
record HostState(Map<String, String> facts) {
    private static final List<String> PROGRAMS =
            List.of("crun", "runsc", "btrfs", "nft", "ip", "nsenter", "sh", "bash");
    private static final List<Path> FOLDERS =
            List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"), Path.of("/sbin"), Path.of("/bin"));

    /// Settings that change by themselves.
    private static final Pattern LIVELY =
            Pattern.compile(
                    "fs/(dentry-state|file-nr|inode-nr|inode-state|quota/.*|aio-nr|.*nr_.*)"
                            + "|kernel/(ns_last_pid|random/.*|pty/nr|sched_domain/.*|perf_.*|seccomp/.*)"
                            + "|net/ipv[46]/(conf|neigh)/.*|net/.*(count|flush)|net/ipv4/ip_forward"
                            + "|vm/(stat_refresh|.*drop_caches)|user/.*|dev/cdrom/info");

    /// Mounts of servers, which come and go while other tests run.
    private static final Pattern OURS = Pattern.compile("carrel|/tmp/|/run/");

    /// Ids of the host that sandboxes map to begin here.
    private static final long SANDBOX_UID_MIN = 100_000;

    static HostState read() throws IOException {
        var facts = new TreeMap<String, String>();
        for (String program : PROGRAMS) {
            for (Path folder : FOLDERS) {
                Path file = folder.resolve(program);
                if (Files.isRegularFile(file)) {
                    facts.put("program " + file, sha256(file));
                }
            }
        }
        for (String jar : System.getProperty("java.class.path").split(":")) {
            if (jar.endsWith(".jar")) {
                facts.put("program " + jar, sha256(Path.of(jar)));
            }
        }
        settings(Path.of("/proc/sys"), facts);
        try (Stream<Path> handlers = Files.list(Path.of("/proc/sys/fs/binfmt_misc"))) {
            facts.put("binary formats", handlers.map(Path::toString).sorted().toList().toString());
        }
        facts.put("mounts", mounts());
        facts.put("listening for sandboxes", foreignListeners());
        return new HostState(facts);
    }

    private static void settings(Path root, Map<String, String> facts) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(file).toString();
                if (!LIVELY.matcher(name).matches() && Files.isReadable(file)) {
                    facts.put("setting " + name, text(file));
                }
            }
        }
    }

    // Kernel files have no size, and some refuse to be read at all.
    private static String text(Path file) {
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(4096), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "unreadable";
        }
    }

    private static String mounts() throws IOException {
        return Files.readString(Path.of("/proc/self/mounts"))
                .lines()
                .filter(line -> !OURS.matcher(line).find())
                .sorted()
                .toList()
                .toString();
    }

    /// Sockets in the host's network namespace that processes of sandboxes listen on.
    private static String foreignListeners() throws IOException {
        var found = new StringBuilder();
        for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
            Files.readString(Path.of("/proc/net", table))
                    .lines()
                    .skip(1)
                    .map(line -> line.strip().split("\\s+"))
                    .filter(columns -> Long.parseLong(columns[7]) >= SANDBOX_UID_MIN)
                    .forEach(columns -> found.append(table).append(' ').append(columns[1]));
        }
        return found.toString();
    }

    private static String sha256(Path file) {
        try (var in = Files.newInputStream(file)) {
            var digest = MessageDigest.getInstance("SHA-256");
            var buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

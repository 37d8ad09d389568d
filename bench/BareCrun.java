import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// crun over the same image without overlay and network, with one of two bundles: `HARDENED` is the configuration of a
/// sandbox of ours (namespaces, users, capabilities, system call filter, limits, masked paths), which is what its isolation
/// costs however it is started; `PLAIN` has a few namespaces and nothing else. One shell in a mount namespace of its own
/// runs all commands, so that crun accepts mixed control group layouts and the cost of starting a shell is not counted.
/// Used by one thread; several `lane`s run beside each other.
final class BareCrun implements AutoCloseable {
    enum Bundle {
        HARDENED,
        PLAIN
    }

    private static final String MARK = "--done--";

    /// Where the image is for this shell alone, below folders that everybody may pass.
    private static final String ROOT = "/mnt";

    private final Process shell;
    private final PrintStream commands;
    private final BufferedReader answers;
    private final Path bundle;
    private final String lane;

    /// `sandbox` is the configuration of a running one, which has the filter in its compiled form.
    BareCrun(Bundle kind, Path image, Path sandbox, Path folder, int lane) throws Exception {
        this.lane = "carrel-bench-" + kind.name().toLowerCase(Locale.ROOT) + "-" + lane;
        this.bundle = Files.createDirectories(folder.resolve(this.lane));
        shell = new ProcessBuilder("unshare", "--mount", "--propagation", "private", "sh").redirectErrorStream(true).start();
        commands = new PrintStream(shell.getOutputStream(), true);
        answers = shell.inputReader();
        JsonNode config = kind == Bundle.PLAIN ? plain() : hardened(sandbox);
        write("run", config, List.of("true"));
        write("exec", config, List.of("sleep", "infinity"));
        call("umount /sys/fs/cgroup/unified 2>/dev/null || true");
        call("mount --bind " + image + " " + ROOT);
        call("crun run -d -b " + bundle + "/exec " + this.lane + "-exec </dev/null >/dev/null 2>&1");
    }

    private void write(String name, JsonNode config, List<String> args) throws IOException {
        Path folder = Files.createDirectories(bundle.resolve(name));
        ObjectNode own = config.deepCopy();
        own.putObject("root").put("path", ROOT).put("readonly", true);
        args.forEach(((ObjectNode) own.get("process")).putArray("args")::add);
        ((ObjectNode) own.get("linux")).put("cgroupsPath", "/carrel-bench/" + lane + "-" + name);
        Files.write(folder.resolve("config.json"), Target.JSON.writeValueAsBytes(own));
    }

    /// The network namespace stays, as part of the isolation; it has no link.
    private static JsonNode hardened(Path sandbox) throws IOException {
        JsonNode config = Target.JSON.readTree(sandbox.toFile());
        for (var mounts = config.get("mounts").elements(); mounts.hasNext(); ) {
            if (mounts.next().path("destination").asText().equals("/dev/carrel-init")) {
                mounts.remove();
            }
        }
        return config;
    }

    private static JsonNode plain() throws IOException {
        return Target.JSON.readTree("""
                {"ociVersion":"1.0.2",
                 "process":{"user":{"uid":0,"gid":0},"cwd":"/",
                  "env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"noNewPrivileges":true},
                 "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
                 "linux":{"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]}}
                """);
    }

    Void run() throws IOException {
        call("crun run -b " + bundle + "/run " + lane + "-run </dev/null");
        return null;
    }

    Void exec() throws IOException {
        call("crun exec " + lane + "-exec true </dev/null");
        return null;
    }

    void call(String command) throws IOException {
        commands.println(command + "; echo " + MARK + "$?");
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (line.equals(MARK + "0")) {
                return;
            }
            if (line.startsWith(MARK)) {
                throw new IOException(command + " failed: " + line);
            }
            System.err.println(line);
        }
        throw new IOException("the shell ended during: " + command);
    }

    @Override
    public void close() throws Exception {
        call("crun delete --force " + lane + "-exec");
        call("find /sys/fs/cgroup -depth -type d -path '*carrel-bench*' -exec rmdir {} + 2>/dev/null || true");
        commands.println("exit");
        shell.waitFor(10, TimeUnit.SECONDS);
    }
}

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// crun with a plain bundle over the same image: no network, no overlay, no limits. One shell in a mount namespace of its
/// own runs all commands, so that crun accepts mixed control group layouts and the cost of starting a shell is not
/// counted. Used by one thread; several `lane`s run beside each other.
final class BareCrun implements AutoCloseable {
    private static final String MARK = "--done--";

    private final Process shell;
    private final PrintStream commands;
    private final BufferedReader answers;
    private final Path bundle;
    private final String lane;

    BareCrun(Path image, Path bundle, int lane) throws Exception {
        this.bundle = Files.createDirectories(bundle);
        this.lane = "carrel-bench-" + lane;
        shell = new ProcessBuilder("unshare", "--mount", "--propagation", "private", "sh").redirectErrorStream(true).start();
        commands = new PrintStream(shell.getOutputStream(), true);
        answers = shell.inputReader();
        write("run", image, "[\"true\"]");
        write("exec", image, "[\"sleep\",\"infinity\"]");
        call("umount /sys/fs/cgroup/unified 2>/dev/null || true");
        call("crun run -d -b " + bundle + "/exec " + this.lane + "-exec </dev/null >/dev/null 2>&1");
    }

    private void write(String name, Path image, String args) throws IOException {
        Path folder = Files.createDirectories(bundle.resolve(name));
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion":"1.0.2","root":{"path":"%s","readonly":true},
                 "process":{"user":{"uid":0,"gid":0},"cwd":"/","args":%s,
                  "env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"noNewPrivileges":true},
                 "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
                 "linux":{"cgroupsPath":"/carrel-bench/%s-%s","namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]}}
                """.formatted(image, args, lane, name));
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

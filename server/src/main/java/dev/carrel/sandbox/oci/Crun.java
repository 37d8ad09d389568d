package dev.carrel.sandbox.oci;

import dev.carrel.process.Spawn;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Starts containers with crun and knows what it leaves behind.
final class Crun implements Engine {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    private static final Map<String, String> ENVIRONMENT =
            Map.of("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

    private static final int FILTER_BYTES_MAX = 1 << 20;
    private static final int LOG_CHARACTERS_MAX = 2000;

    private final Path mounts;
    private final CrunProgram program = new CrunProgram();

    /// Compiling the system call filter is half of a start. crun leaves what it compiled in its
    /// state, and takes it back.
    private volatile Optional<String> filter = Optional.empty();

    /// `mounts` is the root of the mount space in which it runs.
    Crun(Path mounts) {
        this.mounts = mounts;
    }

    @Override
    public Isolation isolation() {
        return Isolation.CONTAINER;
    }

    @Override
    public Resources onHost(Resources inside) {
        return inside;
    }

    @Override
    public boolean takesLinksLater() {
        return true;
    }

    @Override
    public int run(SandboxFolder folder, OciConfig config, Link link) throws IOException {
        Files.write(folder.config(), config.toJson(filter));
        Files.deleteIfExists(folder.pid());
        // What crun notes of a container, nobody asks it for: in memory, until it has started.
        Path state = Files.createDirectory(mounts.resolve(folder.id() + ".crun"));
        try {
            Path log = state.resolve("log");
            int exitCode = Spawn.run(line(folder, state, log), ENVIRONMENT, START_TIMEOUT);
            if (exitCode != 0) {
                throw new IOException("crun ended with " + exitCode + ": " + log(log));
            }
            if (filter.isEmpty()) {
                filter = compiledFilter(state.resolve(folder.id().value()));
            }
        } finally {
            Trees.delete(state);
        }
        return Integer.parseInt(Files.readString(folder.pid()).strip());
    }

    /// The launcher hands pid 1 the run directory as descriptor 3, which is all it knows of the
    /// host.
    private List<String> line(SandboxFolder folder, Path state, Path log) throws IOException {
        WatchLimits watches = WatchLimits.ofHost();
        return List.of(
                NativeProgram.LAUNCH.in(mounts).toString(),
                folder.run().toString(),
                log.toString(),
                folder.pid().toString(),
                Long.toString(watches.instances()),
                Long.toString(watches.watches()),
                program.path().toString(),
                "crun",
                "--root=" + state,
                "--log=" + log,
                "run",
                "--detach",
                "--preserve-fds=1",
                "--pid-file=" + folder.pid(),
                "--bundle=" + folder.bundle(),
                folder.id().value());
    }

    @Override
    public void complete(int process, Link link) throws IOException {
        link.attach(process, Path.of("/proc/" + process + "/root"));
    }

    @Override
    public Path files(SandboxFolder folder, int process) {
        return Path.of("/proc/" + process + "/root");
    }

    @Override
    public InitDoor door(SandboxFolder folder, int process) {
        return InitDoor.calling(new RunDirectory(folder.run()));
    }

    @Override
    public Ports ports(SandboxFolder folder, int process) throws IOException {
        return InitNamespace.of(folder.id(), process);
    }

    @Override
    public void forget(SandboxId id) {}

    @Override
    public Set<SandboxId> remembered() {
        return Set.of();
    }

    @Override
    public void close() {
        program.close();
    }

    private static Optional<String> compiledFilter(Path state) throws IOException {
        Path file = state.resolve("seccomp.bpf");
        if (!Files.isRegularFile(file) || Files.size(file) > FILTER_BYTES_MAX) {
            return Optional.empty();
        }
        return Optional.of(Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
    }

    /// The end of what an engine has said about a start.
    static String log(SandboxFolder folder) throws IOException {
        return log(folder.log());
    }

    private static String log(Path log) throws IOException {
        if (!Files.exists(log)) {
            return "it said nothing";
        }
        String text = Files.readString(log).strip();
        return text.substring(Math.max(0, text.length() - LOG_CHARACTERS_MAX));
    }
}

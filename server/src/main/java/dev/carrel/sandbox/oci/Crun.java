package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;

/// Starts containers with crun and knows what it leaves behind.
final class Crun implements Engine {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    /// Hands pid 1 the run directory as descriptor 3, which is all it knows of the host. crun's own
    /// outputs must not be pipes: pid 1 would hold them open.
    private static final String START =
            "exec 3<\"$RUN\" && exec crun --root \"$STATE\" --log \"$LOG\" run --detach"
                    + " --preserve-fds 1 --pid-file \"$PID\" --bundle \"$BUNDLE\" \"$ID\""
                    + " </dev/null >/dev/null 2>&1";

    private static final int FILTER_BYTES_MAX = 1 << 20;
    private static final int LOG_CHARACTERS_MAX = 2000;

    private final Path state;

    /// Compiling the system call filter is half of a start. crun leaves what it compiled in its
    /// state, and takes it back.
    private volatile Optional<String> filter = Optional.empty();

    Crun(Path state) {
        this.state = state;
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
        Files.createDirectories(state);
        Files.deleteIfExists(folder.pid());
        Files.deleteIfExists(folder.log());
        HostCommand.Result result =
                HostCommand.of("sh", "-c", START)
                        .withEnv(
                                java.util.Map.of(
                                        "RUN", folder.run().toString(),
                                        "STATE", state.toString(),
                                        "LOG", folder.log().toString(),
                                        "PID", folder.pid().toString(),
                                        "BUNDLE", folder.bundle().toString(),
                                        "ID", folder.id().value()))
                        .withTimeout(START_TIMEOUT)
                        .run();
        if (result.exitCode() != 0) {
            throw new IOException("crun ended with " + result.exitCode() + ": " + log(folder));
        }
        if (filter.isEmpty()) {
            filter = compiledFilter(folder.id());
        }
        return Integer.parseInt(Files.readString(folder.pid()).strip());
    }

    @Override
    public void complete(int process, Link link) throws IOException {
        WatchLimits.ofHost().apply(process);
        link.attach(process);
    }

    @Override
    public int fileProcess(SandboxFolder folder, int process) {
        return process;
    }

    @Override
    public Ports ports(SandboxFolder folder, int process) throws IOException {
        return InitNamespace.of(folder.id(), process);
    }

    @Override
    public void forget(SandboxId id) throws IOException {
        Trees.delete(state.resolve(id.value()));
    }

    @Override
    public Set<SandboxId> remembered() throws IOException {
        return DiskFolders.ids(state);
    }

    private Optional<String> compiledFilter(SandboxId id) throws IOException {
        Path file = state.resolve(id.value()).resolve("seccomp.bpf");
        if (!Files.isRegularFile(file) || Files.size(file) > FILTER_BYTES_MAX) {
            return Optional.empty();
        }
        return Optional.of(Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
    }

    /// The end of what an engine has said about a start.
    static String log(SandboxFolder folder) throws IOException {
        if (!Files.exists(folder.log())) {
            return "it said nothing";
        }
        String text = Files.readString(folder.log()).strip();
        return text.substring(Math.max(0, text.length() - LOG_CHARACTERS_MAX));
    }
}

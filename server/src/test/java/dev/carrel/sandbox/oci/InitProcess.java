package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/// A real pid 1 on this host, without a container around it: first process of a pid namespace of
/// its own, as a user who is nobody, with a limit on processes.
final class InitProcess implements AutoCloseable {
    static final Duration DEADLINE = Duration.ofSeconds(30);
    static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/bin:/bin");
    static final int PROCESSES_MAX = 400;

    private static final String USER = "190777";

    final RunDirectory run;
    final AtomicLong oomKills = new AtomicLong();
    private final SandboxId sandbox = SandboxId.next();
    private final Process process;

    private InitProcess(RunDirectory run, Process process) {
        this.run = run;
        this.process = process;
    }

    /// Starts one on a run directory under `folder`, new or used before.
    static InitProcess start(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path program = folder.resolve("carrel-init");
        if (!Files.exists(program)) {
            try (InputStream source =
                    InitProcess.class.getResourceAsStream("/native/carrel-init")) {
                Files.copy(
                        Objects.requireNonNull(source),
                        program,
                        StandardCopyOption.REPLACE_EXISTING);
            }
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("r-xr-xr-x"));
        }
        Path run = folder.resolve("run");
        if (!Files.exists(run)) {
            Files.createDirectory(run);
            Files.setAttribute(run, "unix:uid", Integer.parseInt(USER));
            Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
        }
        var command =
                List.of(
                        "unshare",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "--mount-proc",
                        "prlimit",
                        "--nproc=" + PROCESSES_MAX,
                        "--nofile=1024:8192",
                        "setpriv",
                        "--reuid=" + USER,
                        "--regid=" + USER,
                        "--clear-groups",
                        "sh",
                        "-c",
                        "exec 3<\"$1\"; exec \"$0\"",
                        program.toString(),
                        run.toString());
        var process =
                new ProcessBuilder(command)
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .inheritIO()
                        .start();
        return new InitProcess(new RunDirectory(run), process);
    }

    InitClient connect() {
        return connect(() -> {});
    }

    InitClient connect(Runnable onDeath) {
        return InitClient.connect(
                sandbox,
                run,
                InitDoor.calling(run),
                oomKills::get,
                InstantSource.system(),
                DEADLINE,
                onDeath);
    }

    /// A connection without a client, for bad manners.
    SocketChannel connectRaw() throws IOException {
        var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        socket.connect(UnixDomainSocketAddress.of(run.path().resolve(RunDirectory.CHANNEL)));
        return socket;
    }

    static Execution shell(InitClient client, String line) {
        return start(client, ExecutionId.next(), ExecutionRequest.shell(line, "/"));
    }

    static Execution start(InitClient client, ExecutionId id, ExecutionRequest request) {
        return client.start(id, request, ENVIRONMENT, Optional.empty());
    }

    static ExecutionRequest request(Duration timeout, long outputBytesMax, String... command) {
        return new ExecutionRequest(List.of(command), "/", Map.of(), "", timeout, outputBytesMax);
    }

    /// The pid of pid 1, on the host.
    long pid() {
        return process.children().findFirst().orElseThrow().pid();
    }

    /// As when the sandbox is killed.
    void kill() throws InterruptedException {
        process.children().forEach(ProcessHandle::destroyForcibly);
        assertThat(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// The text of a file of the run directory.
    String text(ExecutionId id, String suffix) throws IOException {
        return Files.readString(run.path().resolve(id + suffix));
    }

    static void await(BooleanSupplier condition) {
        Instant end = Instant.now().plus(DEADLINE);
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).as("in time").isBefore(end);
            Thread.yield();
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}

package dev.carrel.process;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A program of the host to be run to its end: found through PATH and the `sbin` folders, in a
/// session of its own, with a clean environment (what [#INHERITED] names, the C locale, and `env`),
/// so that no secret of the server reaches it. Of each output at most `outputBytesMax` are kept;
/// the rest is read and dropped. It runs in the namespaces of the thread that calls [#run].
public record HostCommand(
        List<String> argv,
        Map<String, String> env,
        String stdin,
        Duration timeout,
        int outputBytesMax) {
    public static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(30);
    public static final int OUTPUT_BYTES_DEFAULT = 1 << 20;

    private static final Duration OUTPUT_WAIT = Duration.ofSeconds(1);
    private static final Duration KILL_WAIT = Duration.ofSeconds(5);
    private static final int SIGKILL = 9;
    private static final int SHOWN_CHARACTERS_MAX = 200;
    private static final Set<String> INHERITED =
            Set.of(
                    "HOME",
                    "TMPDIR",
                    "http_proxy",
                    "https_proxy",
                    "no_proxy",
                    "all_proxy",
                    "HTTP_PROXY",
                    "HTTPS_PROXY",
                    "NO_PROXY",
                    "ALL_PROXY",
                    "SSL_CERT_FILE",
                    "SSL_CERT_DIR",
                    "APT_CONFIG");
    private static final String SBIN = ":/usr/local/sbin:/usr/sbin:/sbin";
    private static final String PATH =
            Optional.ofNullable(System.getenv("PATH")).orElse("/usr/local/bin:/usr/bin:/bin")
                    + SBIN;

    public HostCommand {
        argv = List.copyOf(argv);
        env = Map.copyOf(env);
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("a command needs a program");
        }
    }

    /// How the program ended. The exit code is 128 + signal if a signal ended it.
    public record Result(List<String> argv, int exitCode, String out, String err) {
        /// This result if the exit code is 0; fails with the program's own words otherwise.
        public Result orFail() throws IOException {
            if (exitCode != 0) {
                String words = err.isBlank() ? out.strip() : err.strip();
                throw new IOException(
                        "%s ended with %d: %s".formatted(shown(argv), exitCode, words));
            }
            return this;
        }
    }

    /// The program had not ended when its timeout passed.
    public static final class TimedOut extends IOException {
        private static final long serialVersionUID = 1L;

        TimedOut(String message) {
            super(message);
        }
    }

    // Of a script, whoever reads an error needs no more than where it begins.
    private static String shown(List<String> argv) {
        String first = String.join(" ", argv).lines().findFirst().orElse("");
        return first.substring(0, Math.min(first.length(), SHOWN_CHARACTERS_MAX));
    }

    /// With the default limits and no input.
    public static HostCommand of(String... argv) {
        return of(List.of(argv));
    }

    public static HostCommand of(List<String> argv) {
        return new HostCommand(argv, Map.of(), "", TIMEOUT_DEFAULT, OUTPUT_BYTES_DEFAULT);
    }

    public HostCommand withStdin(String text) {
        return new HostCommand(argv, env, text, timeout, outputBytesMax);
    }

    public HostCommand withEnv(Map<String, String> additions) {
        return new HostCommand(argv, additions, stdin, timeout, outputBytesMax);
    }

    public HostCommand withTimeout(Duration newTimeout) {
        return new HostCommand(argv, env, stdin, newTimeout, outputBytesMax);
    }

    /// Where a program is, if it is installed.
    public static Optional<Path> find(String program) {
        if (program.contains("/")) {
            return Optional.of(Path.of(program)).filter(Files::isExecutable);
        }
        for (String folder : PATH.split(":")) {
            Path candidate = Path.of(folder, program);
            if (!folder.isEmpty() && Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /// Runs it and waits. Fails when it cannot be started or when the timeout passes ([TimedOut]);
    /// any exit code is a result. When this fails, and when the thread is interrupted
    /// (`InterruptedIOException`, the interrupt is kept), the program and all that it started and
    /// that did not leave its session is dead.
    public Result run() throws IOException {
        return run(line -> {});
    }

    /// As [#run], telling `lines` each line of either output while it runs, on other threads, one
    /// line at a time. A carriage return ends a line too.
    public Result run(Consumer<String> lines) throws IOException {
        Process process = start();
        var out = new OutputReader(process.getInputStream(), outputBytesMax, lines, this);
        var err = new OutputReader(process.getErrorStream(), outputBytesMax, lines, this);
        boolean ended = false;
        try {
            out.start();
            err.start();
            Thread.startVirtualThread(() -> feed(process));
            ended = process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS);
            if (!ended) {
                throw new TimedOut(
                        "%s did not end within %d s".formatted(shown(argv), timeout.toSeconds()));
            }
            // A process left in the background may hold the pipes: it is not waited for.
            return new Result(
                    argv, process.exitValue(), out.text(OUTPUT_WAIT), err.text(OUTPUT_WAIT));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(argv.getFirst() + " was interrupted");
        } finally {
            if (!ended) {
                kill(process);
            }
        }
    }

    private Process start() throws IOException {
        Path program =
                find(argv.getFirst())
                        .orElseThrow(() -> new IOException(argv.getFirst() + " is not installed"));
        // setsid(1) makes the group that kill() needs; it executes in place, without a fork.
        List<String> line = new ArrayList<>(List.of("setsid", "--", program.toString()));
        line.addAll(argv.subList(1, argv.size()));
        var builder = new ProcessBuilder(line);
        Map<String, String> environment = new HashMap<>(builder.environment());
        environment.keySet().retainAll(INHERITED);
        environment.put("PATH", PATH);
        environment.put("LC_ALL", "C.UTF-8");
        environment.putAll(env);
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    private void feed(Process process) {
        try (OutputStream input = process.getOutputStream()) {
            input.write(stdin.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It ended or closed its input without reading all: its exit code tells.
            return;
        }
    }

    private static void kill(Process process) {
        List<ProcessHandle> descendants = process.descendants().toList();
        try {
            Linux.kill(-Math.toIntExact(process.pid()), SIGKILL);
        } catch (LinuxException e) {
            // No such group: it has ended, or has not become a group yet and dies below.
            if (e.errno() != Errno.ESRCH) {
                throw new UncheckedIOException(e);
            }
        } finally {
            process.destroyForcibly();
            descendants.forEach(ProcessHandle::destroyForcibly);
        }
        boolean interrupted = Thread.interrupted();
        try {
            process.waitFor(KILL_WAIT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

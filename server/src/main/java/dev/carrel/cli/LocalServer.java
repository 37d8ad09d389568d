package dev.carrel.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A server of this installation in a process of its own, with its own data folder, on a free port.
/// It is a temporary one: when it stops, its sandboxes go with it.
final class LocalServer implements AutoCloseable {
    private static final Duration STOP_MAX = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final Path home;
    private final String url;

    private LocalServer(Process process, Path home, String url) {
        this.process = process;
        this.home = home;
        this.url = url;
    }

    /// Starts a server in `home` and waits until it is ready. Fails with what the server says of
    /// its failure.
    static LocalServer start(Path home, Map<String, String> environment) throws IOException {
        return start(home, environment, 0);
    }

    /// The same on a port that is known.
    static LocalServer start(Path home, Map<String, String> environment, int port)
            throws IOException {
        var builder = new ProcessBuilder(command(home, port));
        builder.environment().putAll(environment);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectError(home.resolve("server.log").toFile());
        Process process = builder.start();
        try {
            return new LocalServer(process, home, awaitReady(process, home));
        } catch (IOException | RuntimeException e) {
            stop(process);
            throw e;
        }
    }

    private static List<String> command(Path home, int port) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-Xmx512m");
        command.add("-XX:TieredStopAtLevel=1"); // it will not live long enough to earn more
        command.addAll(classes());
        command.addAll(List.of("dev.carrel.app.Main", "start", "--json", "--temporary"));
        command.addAll(List.of("--port", Integer.toString(port), "--home", home.toString()));
        return command;
    }

    /// From the jar alone where there is one, since its manifest names the libraries: of a class
    /// path of jars the JVM keeps an archive, which halves the next start.
    private static List<String> classes() {
        String path = System.getProperty("java.class.path");
        for (String entry : path.split(File.pathSeparator)) {
            Path jar = Path.of(entry).toAbsolutePath();
            if (jar.endsWith("carrel-server.jar")
                    && Files.isDirectory(jar.resolveSibling("lib"))
                    && Files.isWritable(jar.getParent())) {
                return List.of(
                        "-XX:+AutoCreateSharedArchive",
                        "-XX:SharedArchiveFile=" + jar.resolveSibling("local-server.jsa"),
                        "-Xlog:disable",
                        "-cp",
                        jar.toString());
            }
        }
        return List.of("-cp", path);
    }

    private static String awaitReady(Process process, Path home) throws IOException {
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode message = parse(line);
            switch (message.path("event").asText()) {
                case "ready" -> {
                    return message.path("url").asText();
                }
                case "failed" ->
                        throw new CarrelException(
                                ErrorCode.UNAVAILABLE, message.path("message").asText());
                default -> {
                    // Progress, or what a newer server says.
                }
            }
        }
        throw new CarrelException(
                ErrorCode.UNAVAILABLE, "the server ended before it was ready:\n" + logTail(home));
    }

    private static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "the server said something unexpected: " + line, e);
        }
    }

    private static String logTail(Path home) throws IOException {
        List<String> lines = Files.readAllLines(home.resolve("server.log"));
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    String url() {
        return url;
    }

    String key() throws IOException {
        return Files.readString(home.resolve("api-key")).strip();
    }

    ProcessHandle process() {
        return process.toHandle();
    }

    /// Stops the server and waits until it has cleared its sandboxes away.
    @Override
    public void close() {
        stop(process);
    }

    private static void stop(Process process) {
        process.destroy();
        try {
            if (process.waitFor(STOP_MAX.toSeconds(), TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}

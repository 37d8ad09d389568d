package dev.carrel.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.image.Images;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Runs the server in the foreground until SIGTERM or SIGINT.
@Command(
        name = "start",
        description = "Run the server in the foreground until it is told to stop.",
        mixinStandardHelpOptions = true)
final class StartCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "Data folder. Default: CARREL_HOME, else /var/lib/carrel")
    private Optional<Path> home = Optional.empty();

    @Option(names = "--host", description = "Address to listen on. Default: 127.0.0.1")
    private Optional<String> host = Optional.empty();

    @Option(names = "--port", description = "Port to listen on, 0 for a free one. Default: 7373")
    private Optional<Integer> port = Optional.empty();

    @Option(
            names = "--temporary",
            description = "Remove all sandboxes when the server stops; for demos and tests.")
    private boolean temporary;

    @Option(names = "--json", description = "Report progress and readiness as lines of JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try {
            serve();
            return 0;
        } catch (CarrelException e) {
            if (json) {
                say(event("failed").put("code", e.code().wireName()).put("message", e.text()));
            }
            throw e;
        }
    }

    private void serve() throws IOException, InterruptedException {
        Path folder = home.orElseGet(ServerConfig::homeByDefault).toAbsolutePath().normalize();
        Files.createDirectories(
                folder,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        ServerConfig config = ServerConfig.load(folder, host, port, temporary, System.getenv());
        var stopped = new CountDownLatch(1);
        var ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    stopped.countDown();
                                    awaitQuietly(ended);
                                },
                                "stop"));
        try (Server server = open(config)) {
            announce(server, config);
            stopped.await();
        } finally {
            ended.countDown();
        }
    }

    private Server open(ServerConfig config) {
        try (var shown = new BuildProgress(config.image(), Boolean.getBoolean("carrel.terminal"))) {
            Consumer<Images.Progress> progress = json ? this::sayProgress : shown;
            return Server.open(config, progress);
        }
    }

    private void sayProgress(Images.Progress progress) {
        say(event("progress").put("step", progress.step()).put("fraction", progress.fraction()));
    }

    private void announce(Server server, ServerConfig config) {
        String keyFile = config.keyFile().toString();
        if (json) {
            say(event("ready").put("url", server.url()).put("key_file", keyFile));
            return;
        }
        System.out.println("Carrel is ready on " + server.url());
        System.out.println(
                (server.madeKey() ? "The first API key was stored in " : "API key: ") + keyFile);
    }

    private static ObjectNode event(String name) {
        return JSON.createObjectNode().put("event", name);
    }

    private static void say(ObjectNode message) {
        System.out.println(message);
        System.out.flush();
    }

    /// The JVM ends when its shutdown hooks have: this one waits for the server's orderly end.
    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

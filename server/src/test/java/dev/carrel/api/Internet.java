package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.egress.FakeNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// An internet of this machine's own, in a network namespace: a few hosts at public addresses and
/// one at a private address, routed on this machine only, and the name server that knows them. It
/// notes what it is asked for.
final class Internet implements AutoCloseable {
    /// What the hosts' certificate is for.
    private static final List<String> NAMES =
            List.of("good.example", "api.good.example", "evil.example");

    /// Of good.example, and of hosts below it.
    final String good;

    /// Of evil.example.
    final String evil;

    /// Of inner.example, in a private range.
    final String inner;

    /// The private range, for the server's settings.
    final String innerRange;

    final FakeNames names = new FakeNames();
    private final Path folder = Files.createTempDirectory("carrel-internet-");
    private final List<Process> processes = new ArrayList<>();
    private final String link;

    Internet() throws IOException {
        // Two test runs on one machine take different addresses.
        long number = ProcessHandle.current().pid() % 250 + 1;
        link = "crlnet" + number;
        good = "11.9." + number + ".7";
        evil = "11.9." + number + ".8";
        inner = "10.253." + number + ".7";
        innerRange = "10.253." + number + ".0/24";
        names.put("good.example", "A " + good);
        names.put("api.good.example", "A " + good);
        names.put("evil.example", "A " + evil);
        names.put("inner.example", "A " + inner);
        names.put("metadata.example", "A 169.254.169.254");
        names.put("loop.example", "A 127.0.0.1");
        names.put("alias.example", "CNAME evil.example.");
        boolean complete = false;
        try {
            connect(namespace(), number);
            serve();
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private Process namespace() throws IOException {
        Process process =
                new ProcessBuilder("unshare", "--net", "--", "sh", "-c", "echo; exec sleep 600")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        processes.add(process);
        assertThat(process.getInputStream().read()).isEqualTo('\n');
        return process;
    }

    private void connect(Process namespace, long number) throws IOException {
        String outside =
                """
                link add LINK type veth peer name eth0 netns %d
                address add 11.9.%d.1/24 dev LINK
                link set LINK up
                route add %s dev LINK
                """
                        .formatted(namespace.pid(), number, innerRange)
                        .replace("LINK", link);
        HostCommand.of("ip", "-batch", "-").withStdin(outside).run().orFail();
        String inside =
                """
                link set lo up
                address add %s/24 dev eth0
                address add %s/24 dev eth0
                address add %s/24 dev eth0
                link set eth0 up
                """
                        .formatted(good, evil, inner);
        var command = new ArrayList<>(entering());
        command.addAll(List.of("ip", "-batch", "-"));
        HostCommand.of(command).withStdin(inside).run().orFail();
    }

    private List<String> entering() {
        return List.of("nsenter", "--net=/proc/" + processes.getFirst().pid() + "/ns/net", "--");
    }

    private void serve() throws IOException {
        HostCommand.of(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:prime256v1",
                        "-nodes",
                        "-keyout",
                        folder.resolve("key").toString(),
                        "-out",
                        certificate().toString(),
                        "-days",
                        "2",
                        "-subj",
                        "/CN=a pretended internet",
                        "-addext",
                        "subjectAltName=DNS:" + String.join(",DNS:", NAMES))
                .run()
                .orFail();
        Files.createFile(log());
        var command = new ArrayList<>(entering());
        command.addAll(List.of("python3", "src/test/resources/network/internet.py"));
        command.add(String.join(",", good, evil, inner));
        command.addAll(List.of(certificate().toString(), folder.resolve("key").toString()));
        command.add(log().toString());
        Process server =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve("errors").toFile())
                        .start();
        processes.add(server);
        assertThat(server.inputReader().readLine()).as(errors()).isEqualTo("ready");
    }

    private String errors() throws IOException {
        return Files.readString(folder.resolve("errors"));
    }

    /// What the hosts prove themselves with; who trusts it trusts them.
    Path certificate() {
        return folder.resolve("certificate");
    }

    private Path log() {
        return folder.resolve("log");
    }

    /// All that was asked of the hosts so far, one JSON object each.
    List<String> asked() throws IOException {
        return Files.readAllLines(log());
    }

    @Override
    public void close() throws IOException {
        names.close();
        // Now, and not a while after its namespace: the next one may want the same name.
        HostCommand.of("ip", "link", "delete", link).run();
        for (Process process : processes.reversed()) {
            process.destroyForcibly();
        }
        for (Process process : processes) {
            try {
                process.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

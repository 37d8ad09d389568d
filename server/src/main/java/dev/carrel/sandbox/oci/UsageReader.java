package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Reads what the control groups, the disk and the network namespace of a sandbox have counted. The
/// files have other names in cgroup v1; whichever is there is read.
record UsageReader(ControlGroups groups, DiskStore disks) {
    private static final List<String> MEMORY = List.of("memory.current", "memory.usage_in_bytes");
    private static final List<String> PEAK = List.of("memory.peak", "memory.max_usage_in_bytes");

    /// Columns of `/proc/net/dev` after the name of the link.
    private static final int RECEIVED = 0;

    private static final int SENT = 8;
    private static final String LINK = "eth0:";

    /// `network` is there while the sandbox runs.
    SandboxUsage read(SandboxId id, Optional<Ports> network) throws IOException {
        List<String> link = network.isPresent() ? words(network.get().links()) : List.of();
        return new SandboxUsage(
                cpu(id),
                number(id, MEMORY),
                number(id, PEAK),
                disks.hasQuota() ? OptionalLong.of(disks.bytesUsed(id)) : OptionalLong.empty(),
                network.map(Ports::areOfTheHost).orElse(true)
                        ? number(id, List.of("pids.current"))
                        : OptionalLong.empty(),
                column(link, RECEIVED),
                column(link, SENT),
                network.filter(Ports::areOfTheHost).map(UsageReader::ports));
    }

    private static List<Integer> ports(Ports network) {
        return network.listening().stream().map(ListeningSocket::port).distinct().sorted().toList();
    }

    private Duration cpu(SandboxId id) throws IOException {
        Optional<String> stat = text(id, "cpu.stat");
        Optional<Long> micros =
                stat.flatMap(lines ->
                        lines.lines()
                                .filter(line -> line.startsWith("usage_usec "))
                                .map(line -> Long.valueOf(line.substring(11).strip()))
                                .findFirst());
        if (micros.isPresent()) {
            return Duration.ofNanos(micros.get() * 1_000);
        }
        return Duration.ofNanos(number(id, List.of("cpuacct.usage")).orElse(0));
    }

    private OptionalLong number(SandboxId id, List<String> names) throws IOException {
        for (String name : names) {
            Optional<String> text = text(id, name);
            if (text.isPresent()) {
                return parse(text.get().strip());
            }
        }
        return OptionalLong.empty();
    }

    private Optional<String> text(SandboxId id, String name) throws IOException {
        Optional<Path> file = groups.file(id, name);
        try {
            return file.isPresent() ? Optional.of(Files.readString(file.get())) : Optional.empty();
        } catch (IOException e) {
            if (Files.exists(file.get())) {
                throw e;
            }
            return Optional.empty(); // it has just stopped
        }
    }

    private static OptionalLong parse(String text) {
        return text.matches("[0-9]{1,18}")
                ? OptionalLong.of(Long.parseLong(text))
                : OptionalLong.empty();
    }

    private static List<String> words(String links) {
        return links.lines()
                .map(String::strip)
                .filter(line -> line.startsWith(LINK))
                .map(line -> List.of(line.substring(LINK.length()).strip().split("\\s+")))
                .findFirst()
                .orElse(List.of());
    }

    private static OptionalLong column(List<String> words, int index) {
        return words.size() > index ? parse(words.get(index)) : OptionalLong.empty();
    }
}

package dev.carrel.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// All programs of this machine but `btrfs`, so that a server's disks are plain folders.
record WithoutBtrfs(Path folder) implements AutoCloseable {
    static WithoutBtrfs in(Path folder) throws IOException {
        Files.createDirectory(folder);
        for (String bin : List.of("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")) {
            try (Stream<Path> programs = Files.list(Path.of(bin))) {
                for (Path program : programs.toList()) {
                    Path link = folder.resolve(program.getFileName());
                    if (!link.endsWith("btrfs") && !Files.exists(link)) {
                        Files.createSymbolicLink(link, program);
                    }
                }
            }
        }
        return new WithoutBtrfs(folder);
    }

    Map<String, String> environment() {
        return Map.of("PATH", folder.toString());
    }

    /// JUnit warns of each link that it deletes itself.
    @Override
    public void close() throws IOException {
        try (Stream<Path> links = Files.list(folder)) {
            for (Path link : links.toList()) {
                Files.delete(link);
            }
        }
    }
}

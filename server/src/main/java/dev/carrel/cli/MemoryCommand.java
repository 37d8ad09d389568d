package dev.carrel.cli;

import dev.carrel.client.MemoryCalls;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Listing;
import dev.carrel.wire.MemoryInfo;
import dev.carrel.wire.MemoryVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What agents remember beyond a session.
@Command(
        name = "memory",
        description = "What agents remember beyond a session.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            MemoryCommand.Ls.class,
            MemoryCommand.Get.class,
            MemoryCommand.Set.class,
            MemoryCommand.Edit.class,
            MemoryCommand.Versions.class,
            MemoryCommand.Rm.class
        })
final class MemoryCommand {
    /// Whose memory.
    static final class Whose {
        @ArgGroup private @Nullable Other other;

        /// Another than the project's.
        static final class Other {
            @Option(names = "--agent", description = "The agent's. Default: the project's.")
            private Optional<String> agent = Optional.empty();

            @Option(names = "--user", description = "What is kept about this end user.")
            private Optional<String> user = Optional.empty();
        }

        MemoryCalls.Text of(MemoryCalls calls) {
            @Nullable Other chosen = other;
            if (chosen == null) {
                return calls.project();
            }
            return chosen.agent
                    .map(calls::agent)
                    .orElseGet(() -> calls.user(chosen.user.orElseThrow()));
        }
    }

    /// Lists memories.
    @Command(name = "ls", description = "List the memories.", mixinStandardHelpOptions = true)
    static final class Ls implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(names = "--limit", description = "How many. Default: ${DEFAULT-VALUE}")
        private int limit = 50;

        @Override
        public Integer call() {
            Listing<MemoryInfo> list = server.client().memory().list(limit, Optional.empty());
            var text = new StringBuilder();
            for (MemoryInfo memory : list.data()) {
                text.append(
                        "%-8s %-24s version %-5d %6d bytes  %s by %s%n"
                                .formatted(
                                        memory.scope(),
                                        memory.name().orElse(""),
                                        memory.version(),
                                        memory.bytes(),
                                        memory.updatedAt(),
                                        memory.updatedBy()));
            }
            if (list.data().isEmpty()) {
                text.append("Nothing is remembered yet.");
            } else if (list.nextCursor().isPresent()) {
                text.append("There are more: see them with a higher --limit");
            }
            output.print(list, text.toString().stripTrailing());
            return 0;
        }
    }

    /// Shows one.
    @Command(name = "get", description = "Show a memory.", mixinStandardHelpOptions = true)
    static final class Get implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private Whose whose = new Whose();

        @Option(names = "--version-number", paramLabel = "N", description = "An earlier version.")
        private Optional<Long> version = Optional.empty();

        @Override
        public Integer call() {
            MemoryCalls.Text memory = whose.of(server.client().memory());
            MemoryInfo found = version.map(memory::get).orElseGet(memory::get);
            output.print(found, found.text().orElse("").stripTrailing());
            return 0;
        }
    }

    /// Replaces one.
    @Command(
            name = "set",
            description = "Replace a memory by a file.",
            mixinStandardHelpOptions = true)
    static final class Set implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private Whose whose = new Whose();

        @Parameters(paramLabel = "FILE", description = "The file, or - for standard input.")
        private String file = "";

        @Override
        public Integer call() throws IOException {
            String text =
                    file.equals("-")
                            ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                            : Files.readString(Path.of(file));
            MemoryInfo now = whose.of(server.client().memory()).put(text, Optional.empty());
            output.print(now, "It is at version " + now.version() + " now.");
            return 0;
        }
    }

    /// Changes one by hand.
    @Command(
            name = "edit",
            description = "Edit a memory with $VISUAL or $EDITOR.",
            mixinStandardHelpOptions = true)
    static final class Edit implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private Whose whose = new Whose();

        @Override
        public Integer call() throws IOException, InterruptedException {
            MemoryCalls.Text memory = whose.of(server.client().memory());
            Optional<MemoryInfo> before = find(memory);
            String text = before.flatMap(MemoryInfo::text).orElse("");
            Path file = Files.createTempFile("carrel-memory-", ".md");
            try {
                Files.writeString(file, text);
                edit(file);
                String edited = Files.readString(file);
                if (edited.equals(text)) {
                    System.out.println("Nothing was changed.");
                    return 0;
                }
                return put(memory, edited, before, file);
            } finally {
                Files.deleteIfExists(file);
            }
        }

        private static Integer put(
                MemoryCalls.Text memory, String edited, Optional<MemoryInfo> before, Path file)
                throws IOException {
            try {
                MemoryInfo now = memory.put(edited, before.map(MemoryInfo::tag));
                System.out.println("It is at version " + now.version() + " now.");
                return 0;
            } catch (CarrelException e) {
                Path kept = file.resolveSibling(file.getFileName() + ".kept");
                Files.move(file, kept); // readable by its owner alone, as it was
                System.err.println("carrel: your text is in " + kept);
                throw e;
            }
        }

        private static Optional<MemoryInfo> find(MemoryCalls.Text memory) {
            try {
                return Optional.of(memory.get());
            } catch (CarrelException e) {
                if (e.code() == ErrorCode.MEMORY_NOT_FOUND) {
                    return Optional.empty();
                }
                throw e;
            }
        }

        private static void edit(Path file) throws IOException, InterruptedException {
            String editor =
                    Optional.ofNullable(System.getenv("VISUAL"))
                            .or(() -> Optional.ofNullable(System.getenv("EDITOR")))
                            .orElse("vi");
            int exit =
                    new ProcessBuilder("sh", "-c", editor + " \"$1\"", "sh", file.toString())
                            .inheritIO()
                            .start()
                            .waitFor();
            if (exit != 0) {
                throw new IllegalArgumentException(editor + " ended with " + exit);
            }
        }
    }

    /// Lists what it was before.
    @Command(
            name = "versions",
            description = "List the versions of a memory that are kept.",
            mixinStandardHelpOptions = true)
    static final class Versions implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private Whose whose = new Whose();

        @Override
        public Integer call() {
            List<MemoryVersion> versions = whose.of(server.client().memory()).versions();
            var text = new StringBuilder();
            for (MemoryVersion version : versions) {
                text.append(
                        "version %-5d %6d bytes  %s by %s%n"
                                .formatted(
                                        version.version(),
                                        version.bytes(),
                                        version.createdAt(),
                                        version.updatedBy()));
            }
            output.print(versions, text.toString().stripTrailing());
            return 0;
        }
    }

    /// Forgets one.
    @Command(
            name = "rm",
            description = "Delete a memory with its versions.",
            mixinStandardHelpOptions = true)
    static final class Rm implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private Whose whose = new Whose();

        @Override
        public Integer call() {
            whose.of(server.client().memory()).delete();
            return 0;
        }
    }
}

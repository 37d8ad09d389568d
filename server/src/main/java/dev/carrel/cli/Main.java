package dev.carrel.cli;

import dev.carrel.client.UnreachableException;
import dev.carrel.error.CarrelException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/// The commands that use a server through its API.
@Command(
        name = "carrel",
        description = "A self-hosted cloud for AI coding agents.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            DemoCommand.class,
            InitCommand.class,
            DeployCommand.class,
            RunCommand.class,
            StatusCommand.class,
            SessionsCommand.class,
            LogsCommand.class,
            MemoryCommand.class,
            SandboxCommand.class,
            ImagesCommand.class,
            SnapshotCommands.All.class,
            HelpCommand.class
        },
        footerHeading = "%nOn the machine of the server:%n",
        footer = {
            "  start    Run the server in the foreground.",
            "  doctor   Say what works on this machine, and how to mend the rest.",
            "  test     Run all tests of this checkout.",
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be reached,",
            "4 a turn waits for approval."
        })
public final class Main {
    static final int UNREACHABLE = 3;
    static final int AWAITS_APPROVAL = 4;

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        var line = new CommandLine(new Main());
        line.setExecutionExceptionHandler((error, command, parsed) -> report(error));
        // What follows the sandbox's id belongs to the command that runs there.
        line.getSubcommands().values().stream()
                .flatMap(group -> group.getSubcommands().values().stream())
                .filter(leaf -> leaf.getCommandName().equals("exec"))
                .forEach(exec -> exec.setStopAtPositional(true));
        if (arguments.length == 0) {
            line.usage(System.out);
            return CommandLine.ExitCode.OK;
        }
        return line.execute(arguments);
    }

    private static int report(Exception error) throws Exception {
        switch (error) {
            case UnreachableException e -> {
                System.err.println("carrel: " + e.text());
                return UNREACHABLE;
            }
            case CarrelException e -> System.err.println("carrel: " + e.text());
            case IllegalArgumentException e -> {
                System.err.println("carrel: " + e.getMessage());
                return CommandLine.ExitCode.USAGE;
            }
            case NoSuchFileException e ->
                    System.err.println("carrel: " + e.getFile() + " does not exist");
            case FileSystemException e ->
                    System.err.println(
                            "carrel: "
                                    + e.getFile()
                                    + ": "
                                    + Objects.requireNonNullElse(
                                            e.getReason(), e.getClass().getSimpleName()));
            default -> throw error;
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /// The version of the jar.
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"carrel " + Objects.requireNonNullElse(version, "(from classes)")};
        }
    }
}

package dev.carrel.app;

import dev.carrel.error.CarrelException;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The commands that need the server's own code: all others are clients of its API.
@Command(
        name = "carrel",
        description = "Server commands of Carrel.",
        mixinStandardHelpOptions = true,
        subcommands = {StartCommand.class, DoctorCommand.class, ImagesCommand.class})
public final class Main {
    private Main() {}

    /// Exits with 0, or 1 when the command failed, or 2 when it was written wrongly.
    public static void main(String[] arguments) {
        System.exit(
                new CommandLine(new Main())
                        .setExecutionExceptionHandler((error, line, parsed) -> report(error))
                        .execute(arguments));
    }

    private static int report(Exception error) {
        if (error instanceof CarrelException known) {
            System.err.println("carrel: " + known.text());
            LoggerFactory.getLogger(Main.class).debug("Command failed", known);
        } else {
            LoggerFactory.getLogger(Main.class).error("Command failed", error);
        }
        return CommandLine.ExitCode.SOFTWARE;
    }
}

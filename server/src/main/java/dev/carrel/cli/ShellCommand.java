package dev.carrel.cli;

import dev.carrel.wire.TerminalRequest;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// A terminal in a sandbox, on this one.
@Command(
        name = "shell",
        description =
                "Open a terminal in a sandbox. Enter, ~ and . leave it as it is; --id comes back.",
        mixinStandardHelpOptions = true)
final class ShellCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private CommandOptions options = new CommandOptions();

    @Option(names = "--id", description = "A terminal that is open, instead of a new one.")
    private Optional<String> id = Optional.empty();

    @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
    private String sandbox = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "A line to run instead of a shell.")
    private List<String> command = List.of();

    @Override
    public Integer call() throws InterruptedException {
        List<String> words = CommandOptions.words(command);
        var request =
                new TerminalRequest(
                        80,
                        24,
                        words.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", words)),
                        options.cwd(),
                        options.user(),
                        options.env(),
                        id.map(known -> new TerminalRequest.Seen(known, 0)));
        try (var local = LocalTerminal.open()) {
            return new ShellSession(server.client(), sandbox, local).run(request);
        } catch (IOException e) {
            System.err.println("carrel: a shell needs a terminal; use: carrel sandbox exec");
            return 2;
        }
    }
}

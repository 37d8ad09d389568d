package dev.carrel.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Where in a sandbox a command begins, as whom, and with what around it.
final class CommandOptions {
    @Option(
            names = "--cwd",
            description = "Where it begins. Default: as the image says, else /workspace")
    private Optional<String> cwd = Optional.empty();

    @Option(names = "--user", description = "Who it belongs to. Default: root")
    private Optional<String> user = Optional.empty();

    @Option(names = "--env", paramLabel = "NAME=VALUE", description = "Environment variable.")
    private Map<String, String> env = Map.of();

    Optional<String> cwd() {
        return cwd;
    }

    Optional<String> user() {
        return user;
    }

    Map<String, String> env() {
        return env;
    }

    /// The customary "--" before a command is none of its words.
    static List<String> words(List<String> command) {
        return !command.isEmpty() && command.getFirst().equals("--")
                ? command.subList(1, command.size())
                : command;
    }
}

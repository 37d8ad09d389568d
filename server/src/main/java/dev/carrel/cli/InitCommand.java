package dev.carrel.cli;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Writes a first `.carrel` folder.
@Command(
        name = "init",
        description = "Write a .carrel folder with an agent and a skill into this folder.",
        mixinStandardHelpOptions = true)
final class InitCommand implements Callable<Integer> {
    @Mixin private OutputOptions output = new OutputOptions();

    @Option(
            names = "--model",
            paramLabel = "PROVIDER/MODEL",
            description = "The agent's model. Default: chosen by which API key is set.")
    private String model = "";

    @Override
    public Integer call() throws IOException {
        Path folder = Path.of(AgentsFolder.NAME).toAbsolutePath();
        Path agents = folder.resolve("agents.json");
        if (Files.exists(agents)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT, agents + " is there already and was left as it is");
        }
        Path skill = folder.resolve("skills/code-standards/SKILL.md");
        Files.createDirectories(skill.getParent());
        String chosen = model.isEmpty() ? DefaultModel.of(System.getenv()) : model;
        Files.writeString(skill, template("SKILL.md"));
        Files.writeString(agents, template("agents.json").replace("MODEL", chosen));
        output.print(
                Map.of("agents", agents.toString(), "skill", skill.toString(), "model", chosen),
                "Wrote "
                        + agents
                        + " (model "
                        + chosen
                        + ")\nWrote "
                        + skill
                        + "\nNext: carrel deploy");
        return 0;
    }

    private static String template(String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(
                        InitCommand.class.getResourceAsStream("/init/" + name),
                        () -> "the jar lacks " + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

package dev.carrel.cli;

import dev.carrel.wire.DeploymentInfo;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Sends the `.carrel` folder to the server.
@Command(
        name = "deploy",
        description = "Deploy the agents of this project's .carrel folder.",
        mixinStandardHelpOptions = true)
final class DeployCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Parameters(
            paramLabel = "PROJECT",
            description = "Folder with the .carrel folder, or below it. Default: this one.",
            defaultValue = ".")
    private Path project = Path.of(".");

    @Override
    public Integer call() {
        byte[] archive = AgentsFolder.find(project).pack();
        DeploymentInfo deployed = server.client().deploy(archive);
        output.print(
                deployed,
                "Deployed version %d: %s"
                        .formatted(deployed.version(), String.join(", ", deployed.agents())));
        if (!deployed.memoryKept().isEmpty()) {
            System.err.println(
                    "carrel: changed on the server since the last deployment, and kept: "
                            + String.join(", ", deployed.memoryKept())
                            + " (look with: carrel memory get; replace with: carrel memory set)");
        }
        return 0;
    }
}

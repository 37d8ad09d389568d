package dev.carrel.cli;

import dev.carrel.wire.StatusInfo;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Asks the server how it is.
@Command(
        name = "status",
        description = "Say whether the server answers, and what there is.",
        mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        StatusInfo status = server.client().status();
        output.print(
                status,
                """
                Carrel %s, up for %d s
                project    %s
                agents     %d
                sessions   %d
                sandboxes  %d\
                """
                        .formatted(
                                status.version(),
                                status.uptimeSeconds(),
                                status.project(),
                                status.agents(),
                                status.sessions(),
                                status.sandboxes()));
        return 0;
    }
}

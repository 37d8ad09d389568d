package dev.carrel.cli;

import dev.carrel.wire.ProviderInfo;
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
                                        status.sandboxes())
                        + troubles(status));
        return 0;
    }

    /// A line for each model provider that does not answer.
    private static String troubles(StatusInfo status) {
        var text = new StringBuilder();
        for (ProviderInfo provider : status.providers()) {
            if (!provider.state().equals("ok")) {
                text.append(
                        "%nprovider   %s is %s%s: %s"
                                .formatted(
                                        provider.name(),
                                        provider.state(),
                                        provider.retryAt()
                                                .map(at -> ", not asked before " + at)
                                                .orElse(""),
                                        provider.lastFailure().orElse("")));
            }
        }
        return text.toString();
    }
}

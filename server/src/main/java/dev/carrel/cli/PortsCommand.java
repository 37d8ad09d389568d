package dev.carrel.cli;

import dev.carrel.wire.Listing;
import dev.carrel.wire.PortInfo;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Lists the ports of a sandbox that are shown.
@Command(
        name = "ports",
        description = "List the ports of a sandbox that are shown as previews.",
        mixinStandardHelpOptions = true)
final class PortsCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
    private String sandbox = "";

    @Override
    public Integer call() {
        Listing<PortInfo> list = server.client().sandboxes().ports().list(sandbox);
        String text =
                list.data().stream().map(PortsCommand::line).collect(Collectors.joining("\n"));
        output.print(list, text.isEmpty() ? "No ports are shown." : text);
        return 0;
    }

    private static String line(PortInfo port) {
        return "%-5d %-7s %s  %s"
                .formatted(
                        port.port(),
                        port.isPublic() ? "public" : "private",
                        port.url(),
                        port.label().orElse(""))
                .stripTrailing();
    }
}

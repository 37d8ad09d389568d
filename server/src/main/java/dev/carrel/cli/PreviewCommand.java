package dev.carrel.cli;

import dev.carrel.client.PortCalls;
import dev.carrel.wire.PortInfo;
import dev.carrel.wire.PortRequest;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows a port of a sandbox.
@Command(
        name = "preview",
        description = "Show a port of a sandbox as a preview and print its address.",
        mixinStandardHelpOptions = true)
final class PreviewCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Option(names = "--public", description = "Show it to everybody who has the address.")
    private boolean open;

    @Option(names = "--label", description = "What it is, in your words.")
    private Optional<String> label = Optional.empty();

    @Option(names = "--off", description = "Show it no more.")
    private boolean off;

    @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
    private String sandbox = "";

    @Parameters(index = "1", paramLabel = "PORT", description = "The port inside.")
    private int port;

    @Override
    public Integer call() {
        PortCalls ports = server.client().sandboxes().ports();
        if (off) {
            ports.remove(sandbox, port);
            output.print(Map.of("removed", port), "Port " + port + " is shown no more.");
            return 0;
        }
        PortRequest request = PortRequest.of(port);
        request = label.map(request::withLabel).orElse(request);
        PortInfo made = ports.register(sandbox, open ? request.openToAll() : request);
        output.print(made, made.openingUrl());
        return 0;
    }
}

package dev.carrel.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.sandbox.oci.HostChecks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Looks at this machine; needs no server and starts nothing.
@Command(
        name = "doctor",
        description = {
            "Say what works on this machine, what does not, and how to mend it.",
            "The exit code is 1 if something that sandboxes need is missing."
        },
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "Data folder of the server. Default: CARREL_HOME, else /var/lib/carrel")
    private Optional<Path> home = Optional.empty();

    @Option(names = "--json", description = "Print JSON instead of text.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        ServerConfig config =
                ServerConfig.load(
                        home.orElseGet(ServerConfig::homeByDefault),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        System.getenv());
        List<HostChecks.Check> checks =
                new HostChecks(config.sandboxRuntime(), config.sandboxes().isolationMin()).run();
        if (json) {
            System.out.println(new ObjectMapper().writeValueAsString(checks));
        } else {
            checks.forEach(DoctorCommand::print);
        }
        boolean fit = checks.stream().noneMatch(c -> c.outcome() == HostChecks.Outcome.FAIL);
        if (!json) {
            System.out.println(
                    fit
                            ? "Sandboxes work on this machine."
                            : "Sandboxes do not work on this machine yet: mend what failed.");
        }
        return fit ? 0 : 1;
    }

    private static void print(HostChecks.Check check) {
        String outcome = check.outcome().name().toLowerCase(Locale.ROOT);
        System.out.printf("%-5s %-18s %s%n", outcome, check.name(), check.found());
        if (!check.remedy().isEmpty()) {
            System.out.printf("%-24s -> %s%n", "", check.remedy());
        }
    }
}

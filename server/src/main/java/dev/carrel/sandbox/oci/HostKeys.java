package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.RunningSandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// New keys for the SSH server of a sandbox whose old ones were another's. They are made inside, by
/// the program that made the old ones; nobody but such a sandbox pays for it.
final class HostKeys {
    private static final Logger LOG = LoggerFactory.getLogger(HostKeys.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final String MAKE = "! command -v ssh-keygen >/dev/null || exec ssh-keygen -A";
    private static final long OUTPUT_BYTES_MAX = 4096;

    private HostKeys() {}

    /// Makes them if they are wanted; a failure is the sandbox's own affair.
    static void makeIfWanted(SandboxFolder folder, RunningSandbox sandbox) throws IOException {
        if (!Files.exists(folder.keysWanted())) {
            return;
        }
        var request =
                new ExecutionRequest(
                        List.of("/bin/sh", "-c", MAKE),
                        "/",
                        Map.of(),
                        "",
                        TIMEOUT,
                        OUTPUT_BYTES_MAX);
        Execution making = sandbox.start(ExecutionId.next(), request);
        try {
            var result = making.follow(Execution.OutputListener.NONE);
            LOG.debug("new SSH keys for {}: {}", folder.id(), result.status());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the making goes on
        }
        Files.deleteIfExists(folder.keysWanted());
    }
}

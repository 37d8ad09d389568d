package dev.carrel.sandbox;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

// Real processes of the host, but no sandboxes, ports or rights: quick enough for a unit test.
class FakeRuntimeTest extends SandboxRuntimeContract {
    @TempDir Path directory;
    private FakeHost host;

    /// It isolates nothing, but saves the memory of those who ask for this one.
    @Override
    protected Isolation isolation() {
        return Isolation.GVISOR;
    }

    @Override
    protected SandboxRuntime openRuntime() {
        if (host == null) {
            host = new FakeHost(directory);
        }
        return new FakeRuntime(host);
    }

    @Override
    protected void clean() {
        host.close();
    }
}

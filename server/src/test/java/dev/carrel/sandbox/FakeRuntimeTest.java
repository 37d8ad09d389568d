package dev.carrel.sandbox;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

// Real processes of the host, but no sandboxes, ports or rights: quick enough for a unit test.
class FakeRuntimeTest extends SandboxRuntimeContract {
    @TempDir Path directory;
    private FakeHost host;

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

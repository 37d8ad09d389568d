package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxRuntime;
import dev.carrel.sandbox.SandboxRuntimeContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class OciContractIT extends SandboxRuntimeContract {
    private static TestHost host;

    @BeforeAll
    static void makeHost() throws Exception {
        host = TestHost.make();
    }

    @AfterAll
    static void removeHost() throws Exception {
        host.remove();
    }

    @Override
    protected SandboxRuntime openRuntime() {
        return host.open();
    }
}

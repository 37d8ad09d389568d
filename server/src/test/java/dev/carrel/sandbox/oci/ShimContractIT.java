package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxRuntime;
import dev.carrel.sandbox.SandboxRuntimeContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// The driver of Kata Containers, against a shim that speaks the same protocol and starts ordinary
/// containers. What only a virtual machine can show, it cannot.
class ShimContractIT extends SandboxRuntimeContract {
    private static RuncShim shim;
    private static TestHost host;

    @BeforeAll
    static void makeHost() throws Exception {
        shim = RuncShim.require();
        host = TestHost.make(shim.program().toString());
    }

    @AfterAll
    static void removeHost() throws Exception {
        if (host != null) {
            host.remove();
            shim.close();
        }
    }

    @Override
    protected Isolation isolation() {
        return Isolation.MICROVM;
    }

    @Override
    protected SandboxRuntime openRuntime() {
        return host.open();
    }
}

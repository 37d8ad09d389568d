package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.SandboxRuntime;
import dev.carrel.sandbox.SandboxRuntimeContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

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

    /// Where only the kernel knows that somebody listens.
    @Test
    void connectionsReachServersOnUnusualAddresses() throws Exception {
        assertThat(answer(serve("::1", "AF_INET6"))).isEqualTo("hello");
        assertThat(answer(serve("::", "AF_INET6"))).isEqualTo("hello");
        assertThat(answer(serve("127.0.1.1", "AF_INET"))).isEqualTo("hello");
    }
}

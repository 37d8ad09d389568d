package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.CopyResult;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxRuntime;
import dev.carrel.sandbox.SandboxRuntimeContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GvisorContractIT extends SandboxRuntimeContract {
    private static TestHost host;

    @BeforeAll
    static void makeHost() throws Exception {
        TestHost.requireGvisor();
        host = TestHost.make();
    }

    @AfterAll
    static void removeHost() throws Exception {
        if (host != null) {
            host.remove();
        }
    }

    @Override
    protected Isolation isolation() {
        return Isolation.GVISOR;
    }

    @Override
    protected SandboxRuntime openRuntime() {
        return host.open();
    }

    /// gVisor keeps sockets and pipes to itself: they end with the sandbox's processes.
    @Override
    @Test
    protected void pipesAreSeenAndNeverOpened() throws Exception {
        assertThat(run("mkfifo fifo && (echo through > fifo & cat fifo)").stdout())
                .isEqualTo("through\n");
        assertThat(sandbox().files().list("/workspace", false, 10)).isEmpty();
    }

    @Override
    @Test
    protected void aCopyLeavesOutWhatIsNoFile() throws Exception {
        run(
                "mkdir a; touch a/f; ln -s f a/link; python3 -c 'import socket;"
                        + " socket.socket(socket.AF_UNIX).bind(\"a/socket\")'");
        CopyResult result = sandbox().files().copy("/workspace/a", "/workspace/b", false);
        assertThat(result.skipped()).isEmpty();
        assertThat(result.entries()).isEqualTo(3);
    }
}

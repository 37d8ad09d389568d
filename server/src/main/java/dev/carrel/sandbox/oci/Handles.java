package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import java.io.IOException;

/// What callers get of a sandbox that runs: its connection, with the environment that its commands
/// have, and its network.
record Handles(Host host, DiskImages images) {
    RunningSandbox of(Attached sandbox, SandboxId id, SandboxSpec spec) throws IOException {
        return OciSandbox.of(sandbox, spec, images.config(id), policy -> change(id, policy));
    }

    /// Puts a policy in force for a sandbox that runs.
    void change(SandboxId id, NetworkPolicy policy) {
        SandboxFolder folder = host.instance().sandbox(id);
        try {
            int process =
                    host.launch()
                            .process(folder)
                            .orElseThrow(() ->
                                    new CarrelException(
                                            ErrorCode.SANDBOX_NOT_RUNNING,
                                            "sandbox " + id + " is not running"));
            Engine engine = host.engines().of(folder);
            if (!engine.takesLinksLater()) {
                host.uplinks().requireLinked(folder, policy);
            }
            host.uplinks().change(folder, policy, process, engine.files(folder, process));
        } catch (IOException e) {
            throw Failures.failed(id, "have its network changed", e);
        }
    }
}

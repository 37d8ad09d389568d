package dev.carrel.session;

import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxSpec;
import java.util.List;

/// The sandboxes that agents ask for.
final class WorkspaceSpecs {
    private WorkspaceSpecs() {}

    /// What `settings` leave open is the server's default.
    static SandboxSpec of(WorkspaceSettings settings, Isolation isolationByDefault) {
        SandboxSpec defaults = SandboxSpec.defaults();
        Resources resources = defaults.resources();
        return defaults.toBuilder()
                .image(settings.image().orElse(defaults.image()))
                .isolation(settings.isolation().flatMap(Isolation::of).orElse(isolationByDefault))
                .resources(
                        new Resources(
                                settings.cpus().orElse(resources.cpus()),
                                settings.memoryMib().orElse(resources.memoryMib()),
                                settings.diskMib().orElse(resources.diskMib()),
                                resources.processesMax()))
                .network(network(settings))
                .build();
    }

    private static NetworkPolicy network(WorkspaceSettings settings) {
        return new NetworkPolicy(
                settings.internet().orElse(true),
                settings.allow().stream().map(NetworkTarget::parse).toList(),
                settings.deny().stream().map(NetworkTarget::parse).toList(),
                List.of());
    }
}

package dev.carrel.api;

import dev.carrel.agent.WorkspaceCheck;
import dev.carrel.error.CarrelException;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.wire.NetworkRules;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Judges an agent's workspace as a request for such a sandbox would be judged.
final class WorkspaceRules implements WorkspaceCheck {
    private final Sandboxes sandboxes;

    WorkspaceRules(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    @Override
    public Optional<String> isolation(String level) {
        return refusal(spec -> spec.isolation(SandboxSpecs.isolation(level)));
    }

    @Override
    public Optional<String> network(List<String> allow, List<String> deny) {
        var rules = new NetworkRules(Optional.of(true), allow, deny, Map.of());
        return refusal(spec -> spec.network(NetworkPolicies.policy(rules)));
    }

    /// Sets what is to be judged.
    @FunctionalInterface
    private interface Wish {
        SandboxSpec.Builder in(SandboxSpec.Builder spec);
    }

    private Optional<String> refusal(Wish wish) {
        var usual = SandboxSpec.defaults().toBuilder().isolation(sandboxes.isolationByDefault());
        try {
            sandboxes.check(wish.in(usual).build());
            return Optional.empty();
        } catch (CarrelException e) {
            return Optional.of(e.text());
        }
    }
}

package dev.carrel.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.http.Request;
import dev.carrel.sandbox.IdleRules;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.wire.SandboxChange;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// A change to a sandbox between the wire and the domain. `named` are the fields that the caller
/// wrote down: `null` there takes away what was set.
record SandboxPatch(SandboxChange body, Set<String> named, IdleRules idleByDefault) {
    static SandboxPatch of(Request request, IdleRules idleByDefault) {
        SandboxChange body = request.json(SandboxChange.class);
        Set<String> named =
                request.bytes().length == 0
                        ? Set.of()
                        : request.json(JsonNode.class).properties().stream()
                                .map(Map.Entry::getKey)
                                .collect(Collectors.toSet());
        return new SandboxPatch(body, named, idleByDefault);
    }

    dev.carrel.sandbox.SandboxChange change() {
        return new dev.carrel.sandbox.SandboxChange(this::apply, named.contains("ttl_seconds"));
    }

    private SandboxSpec apply(SandboxSpec spec) {
        return spec.toBuilder()
                .name(named.contains("name") ? body.name() : spec.name())
                .resources(resources(spec))
                .network(network(spec))
                .env(named.contains("env") ? body.env().orElse(Map.of()) : spec.env())
                .metadata(
                        named.contains("metadata")
                                ? body.metadata().orElse(Map.of())
                                : spec.metadata())
                .ttl(
                        named.contains("ttl_seconds")
                                ? body.ttlSeconds().map(SandboxSpecs::ttl)
                                : spec.ttl())
                .idle(idle(spec))
                .build();
    }

    private NetworkPolicy network(SandboxSpec spec) {
        if (!named.contains("network")) {
            return spec.network();
        }
        return body.network()
                .map(rules -> NetworkPolicies.policy(rules, spec.network()))
                .orElse(NetworkPolicy.ON);
    }

    private Resources resources(SandboxSpec spec) {
        if (!named.contains("resources")) {
            return spec.resources();
        }
        return body.resources()
                .map(limits -> SandboxSpecs.resources(limits, spec.resources()))
                .orElse(Resources.DEFAULT);
    }

    private Optional<IdleRules> idle(SandboxSpec spec) {
        if (!named.contains("idle")) {
            return spec.idle();
        }
        IdleRules before = spec.idle().orElse(idleByDefault);
        return body.idle().map(rules -> SandboxSpecs.idle(rules, before));
    }
}

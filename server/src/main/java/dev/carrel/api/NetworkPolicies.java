package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.EdgeSecret;
import dev.carrel.sandbox.HostName;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SecretRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/// Network policies between the wire and the domain.
final class NetworkPolicies {
    /// What answers show in the place of a secret.
    private static final String MASK = "***";

    private NetworkPolicies() {}

    static NetworkPolicy policy(NetworkRules rules) {
        return policy(rules, NetworkPolicy.ON);
    }

    /// The rules, in place of `before`: a secret that is sent back as answers show it stays as it
    /// is.
    static NetworkPolicy policy(NetworkRules rules, NetworkPolicy before) {
        List<NetworkTarget> allow = targets("network.allow", rules.allow());
        List<NetworkTarget> deny = targets("network.deny", rules.deny());
        List<EdgeSecret> secrets =
                new TreeMap<>(rules.secrets())
                        .entrySet().stream().map(entry -> secret(entry, before)).toList();
        return valid(
                "network",
                () -> new NetworkPolicy(rules.internet().orElse(true), allow, deny, secrets));
    }

    static NetworkRules info(NetworkPolicy policy) {
        var secrets = new TreeMap<String, SecretRule>();
        policy.secrets()
                .forEach(secret ->
                        secrets.put(
                                secret.host().text(),
                                new SecretRule(
                                        secret.header(), MASK, Optional.of(secret.insecure()))));
        return new NetworkRules(
                Optional.of(policy.internet()),
                policy.allow().stream().map(NetworkTarget::toString).toList(),
                policy.deny().stream().map(NetworkTarget::toString).toList(),
                secrets);
    }

    private static List<NetworkTarget> targets(String field, List<String> entries) {
        return entries.stream()
                .map(entry -> valid(field, () -> NetworkTarget.parse(entry)))
                .toList();
    }

    private static EdgeSecret secret(Map.Entry<String, SecretRule> entry, NetworkPolicy before) {
        String field = "network.secrets";
        SecretRule rule = entry.getValue();
        HostName host =
                HostName.parse(entry.getKey())
                        .orElseThrow(() ->
                                invalid(field, "its keys are host names, such as api.example.com"));
        String value =
                rule.value().equals(MASK)
                        ? before.secret(host)
                                .map(EdgeSecret::value)
                                .orElseThrow(() ->
                                        invalid(field, "there is no earlier value for " + host))
                        : rule.value();
        return valid(
                field,
                () -> new EdgeSecret(host, rule.header(), value, rule.insecure().orElse(false)));
    }

    private static <T> T valid(String field, Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            throw invalid(field, String.valueOf(e.getMessage()));
        }
    }

    private static CarrelException invalid(String field, String why) {
        return CarrelException.ofParam(ErrorCode.INVALID_REQUEST, field, field + ": " + why);
    }
}

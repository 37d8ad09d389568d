package dev.carrel.sandbox;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// What a sandbox may reach. `deny` wins over `allow`; an `allow` that is not empty closes
/// everything else; without `internet` everything is closed, whatever the lists say. The host,
/// other sandboxes, link-local and metadata addresses are closed in any case, private ranges unless
/// [ClosedRanges] opens them.
///
/// Ranges are a matter of packets. Once there is a name in a list, or a secret, all other TCP goes
/// through the proxy, which goes by names alone, and nothing but TCP goes out.
public record NetworkPolicy(
        boolean internet,
        List<NetworkTarget> allow,
        List<NetworkTarget> deny,
        List<EdgeSecret> secrets) {
    static final int TARGETS_MAX = 256;
    static final int SECRETS_MAX = 32;

    public static final NetworkPolicy ON = ofInternet(true);
    public static final NetworkPolicy OFF = ofInternet(false);

    public NetworkPolicy {
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
        secrets = List.copyOf(secrets);
        if (allow.size() > TARGETS_MAX || deny.size() > TARGETS_MAX) {
            throw new IllegalArgumentException(
                    "network.allow and network.deny have at most " + TARGETS_MAX + " entries each");
        }
        if (secrets.size() > SECRETS_MAX) {
            throw new IllegalArgumentException(
                    "network.secrets has at most " + SECRETS_MAX + " hosts");
        }
        var hosts = new HashSet<HostName>();
        for (EdgeSecret secret : secrets) {
            if (!hosts.add(secret.host())) {
                throw new IllegalArgumentException("two secrets for " + secret.host());
            }
            if (!allowsName(secret.host(), allow, deny)) {
                throw new IllegalArgumentException(
                        "network.secrets names %s, which network.allow and network.deny close"
                                .formatted(secret.host()));
            }
        }
    }

    /// Everything public, or nothing.
    public static NetworkPolicy ofInternet(boolean on) {
        return new NetworkPolicy(on, List.of(), List.of(), List.of());
    }

    /// Whether anything but packets' addresses matters: then the proxy stands in between.
    public boolean needsProxy() {
        return !secrets.isEmpty() || hasNames(allow) || hasNames(deny);
    }

    /// Whether the lists let a host be asked for by this name.
    public boolean allowsName(HostName name) {
        return internet && allowsName(name, allow, deny);
    }

    /// Whether `deny` names this host; of an alias on the way to an address, that alone counts.
    public boolean deniesName(HostName name) {
        return deny.stream().anyMatch(target -> target.matches(name));
    }

    /// Whether a range of `deny` has this address.
    public boolean deniesAddress(int address) {
        return ranges(deny).stream().anyMatch(range -> range.contains(address));
    }

    /// What is kept for a host, if there is something.
    public Optional<EdgeSecret> secret(HostName host) {
        return secrets.stream().filter(secret -> secret.host().equals(host)).findFirst();
    }

    public List<Subnet> allowedRanges() {
        return ranges(allow);
    }

    public List<Subnet> deniedRanges() {
        return ranges(deny);
    }

    private static boolean allowsName(
            HostName name, List<NetworkTarget> allow, List<NetworkTarget> deny) {
        return deny.stream().noneMatch(target -> target.matches(name))
                && (allow.isEmpty() || allow.stream().anyMatch(target -> target.matches(name)));
    }

    private static boolean hasNames(List<NetworkTarget> targets) {
        return targets.stream().anyMatch(target -> !(target instanceof NetworkTarget.Range));
    }

    private static List<Subnet> ranges(List<NetworkTarget> targets) {
        return targets.stream()
                .filter(NetworkTarget.Range.class::isInstance)
                .map(target -> ((NetworkTarget.Range) target).subnet())
                .toList();
    }
}

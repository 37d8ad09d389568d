package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;

/// The addresses that no sandbox reaches, and those that only an operator opens: RFC 6890 and the
/// clouds' metadata services. Of private ranges a sandbox reaches what lies in `privateAllow`, if
/// its own `allow` names a range of them. Left open are 198.51.100.0/24 and 203.0.113.0/24, in
/// which nobody's private network is, but some networks put their gateways to package archives.
public record ClosedRanges(List<Subnet> privateAllow) {
    /// Closed to everybody: this network, loopback, link-local with most metadata services, those
    /// of Azure, Alibaba and Oracle elsewhere, multicast, reserved, broadcast.
    private static final List<Subnet> NEVER =
            of(
                    "0.0.0.0/8",
                    "127.0.0.0/8",
                    "169.254.0.0/16",
                    "168.63.129.16/32",
                    "100.100.100.200/32",
                    "192.0.0.192/32",
                    "224.0.0.0/3");

    /// Private, shared (RFC 6598), protocol, test, relay and benchmark ranges.
    private static final List<Subnet> PRIVATE =
            of(
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "172.16.0.0/12",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "192.168.0.0/16",
                    "198.18.0.0/15");

    public static final ClosedRanges DEFAULT = new ClosedRanges(List.of());

    public ClosedRanges {
        privateAllow = List.copyOf(privateAllow);
        for (Subnet range : privateAllow) {
            if (PRIVATE.stream().noneMatch(closed -> closed.contains(range))) {
                throw new IllegalArgumentException(
                        range + " is not within a private range: only those need to be opened");
            }
        }
    }

    /// What is closed in any case.
    public static List<Subnet> never() {
        return NEVER;
    }

    /// All that is closed to a sandbox whose rules open nothing of it.
    public static List<Subnet> all() {
        List<Subnet> all = new ArrayList<>(NEVER);
        all.addAll(PRIVATE);
        return all;
    }

    /// The ranges of the policy that are private and that the operator lets it have.
    public List<Subnet> opened(NetworkPolicy policy) {
        return policy.allowedRanges().stream()
                .filter(range -> within(privateAllow, range) && !within(NEVER, range))
                .toList();
    }

    /// Fails with `INVALID_REQUEST` when the policy's `allow` names a range that stays closed all
    /// the same: its author wants to hear of a rule that cannot work.
    public void check(NetworkPolicy policy) {
        for (Subnet range : policy.allowedRanges()) {
            if (within(NEVER, range)) {
                throw refused(range, "is never open to sandboxes");
            }
            if (within(PRIVATE, range) && !within(privateAllow, range)) {
                throw refused(
                        range,
                        "is private; the server's operator opens such ranges with"
                                + " network.private_allow");
            }
        }
    }

    private static boolean within(List<Subnet> ranges, Subnet range) {
        return ranges.stream().anyMatch(other -> other.contains(range));
    }

    private static CarrelException refused(Subnet range, String why) {
        return CarrelException.ofParam(
                ErrorCode.INVALID_REQUEST, "network.allow", "network.allow: " + range + " " + why);
    }

    /// Whether a host that may be asked for by name may have this address: this is what stands
    /// against names that lead into a private network.
    public boolean permits(int address, NetworkPolicy policy) {
        if (NEVER.stream().anyMatch(range -> range.contains(address))
                || policy.deniesAddress(address)) {
            return false;
        }
        return PRIVATE.stream().noneMatch(range -> range.contains(address))
                || opened(policy).stream().anyMatch(range -> range.contains(address));
    }

    private static List<Subnet> of(String... ranges) {
        return List.of(ranges).stream().map(text -> Subnet.parse(text).orElseThrow()).toList();
    }
}

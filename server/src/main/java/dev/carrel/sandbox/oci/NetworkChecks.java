package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Subnet;
import dev.carrel.sandbox.oci.HostChecks.Check;
import dev.carrel.sandbox.oci.HostChecks.Outcome;
import java.io.IOException;
import java.util.List;

/// What the network of sandboxes needs of a host.
final class NetworkChecks {
    /// Of addresses that are nobody's: the rules are tried, never put in force.
    private static final Subnet TRIED = Subnet.parse("192.0.2.0/29").orElseThrow();

    private NetworkChecks() {}

    static List<Check> all() {
        return List.of(bridgeRules(), otherFirewall(), resolvers());
    }

    /// Without rules on the bridge everything works, but a sandbox can take a neighbour's address,
    /// and with it whatever the neighbour's rules open.
    private static Check bridgeRules() {
        try {
            String rules = new AddressPins("carrel-doctor", "crldoctor", TRIED).rules();
            return HostCommand.find("nft").isEmpty()
                    ? bridgeRules(false, "nft is not installed")
                    : tried(HostCommand.of("nft", "--check", "-f", "-").withStdin(rules).run());
        } catch (IOException e) {
            return bridgeRules(false, "nft does not run");
        }
    }

    private static Check tried(HostCommand.Result result) {
        return bridgeRules(
                result.exitCode() == 0, "this kernel refuses nftables rules for bridges");
    }

    static Check bridgeRules(boolean works, String why) {
        String name = "pinned addresses";
        return works
                ? new Check(name, Outcome.OK, "each sandbox is held to its own addresses", "")
                : new Check(
                        name,
                        Outcome.WARN,
                        why + ": a sandbox can use a neighbour's address, and so its network rules",
                        "use a kernel with CONFIG_NF_TABLES_BRIDGE; until then, give no sandbox"
                                + " more network than its neighbours may have");
    }

    /// A firewall that drops packets drops those of sandboxes, whatever ours accepts; those for
    /// their resolver and proxy come in, all others are forwarded.
    private static Check otherFirewall() {
        String name = "other firewalls";
        try {
            boolean drops =
                    HostCommand.find("nft").isPresent()
                            && HostCommand.of("nft", "list", "chains")
                                    .run()
                                    .out()
                                    .lines()
                                    .anyMatch(line ->
                                            (line.contains("hook forward")
                                                            || line.contains("hook input"))
                                                    && line.contains("policy drop"));
            return drops
                    ? new Check(
                            name,
                            Outcome.WARN,
                            "one drops forwarded or incoming packets by default",
                            "let it accept packets from and to the bridge whose name begins with"
                                    + " crl")
                    : new Check(name, Outcome.OK, "none drops packets by default", "");
        } catch (IOException e) {
            return new Check(name, Outcome.WARN, "cannot be listed", "install nftables");
        }
    }

    private static Check resolvers() {
        String name = "name servers";
        try {
            List<String> addresses =
                    Resolvers.ofHost().servers().stream()
                            .map(server -> server.getAddress().getHostAddress())
                            .toList();
            return addresses.isEmpty()
                    ? new Check(
                            name,
                            Outcome.WARN,
                            "none: sandboxes cannot look up names",
                            "put the address of a name server into /etc/resolv.conf")
                    : new Check(name, Outcome.OK, String.join(", ", addresses), "");
        } catch (IOException e) {
            return new Check(name, Outcome.WARN, "unreadable", "see /etc/resolv.conf");
        }
    }
}

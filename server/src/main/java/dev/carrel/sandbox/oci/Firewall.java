package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.util.List;

/// One nftables table per instance, which is the whole policy: sandboxes reach public addresses and
/// the name servers, and nothing else; nobody reaches sandboxes. Replaced as a whole in one
/// transaction, so that there is no moment without it.
record Firewall(String table, String bridge, Subnet subnet, Resolvers resolvers) {
    /// Private, shared (RFC 6598), link-local (with the clouds' metadata), test, multicast and
    /// reserved ranges: RFC 6890. Left open: 198.51.100.0/24 and 203.0.113.0/24, in which nobody's
    /// private network is, but some networks put their gateways to package archives.
    private static final List<String> CLOSED =
            List.of(
                    "0.0.0.0/8",
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "127.0.0.0/8",
                    "169.254.0.0/16",
                    "172.16.0.0/12",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "192.168.0.0/16",
                    "198.18.0.0/15",
                    "224.0.0.0/3");

    /// How many connections of one sandbox the host keeps track of at once: its table is one for
    /// all, and when it is full the host itself is cut off.
    static final int CONNECTIONS_MAX = 4096;

    /// Puts the policy in force, in place of an earlier one.
    void apply() throws IOException {
        HostCommand.of("nft", "-f", "-").withStdin(rules()).run().orFail();
    }

    /// Does nothing when it is not there.
    static void remove(String table) throws IOException {
        String rules = "table inet %1$s\ndelete table inet %1$s\n".formatted(table);
        HostCommand.of("nft", "-f", "-").withStdin(rules).run().orFail();
    }

    String rules() {
        // Declared, deleted and made again: the first line is for when it is not there.
        return """
        table inet TABLE
        delete table inet TABLE
        table inet TABLE {
          set closed { type ipv4_addr; flags interval; elements = { CLOSED } }
          set resolvers { type ipv4_addr; RESOLVERS }
          set connections { type ipv4_addr; size 65535; flags dynamic; }
          chain connecting {
            add @connections { ip saddr ct count over CONNECTIONS } reject with icmp type admin-prohibited
          }
          chain forward {
            type filter hook forward priority filter - 5; policy accept;
            iifname != "BRIDGE" oifname != "BRIDGE" return
            ct state established,related accept
            oifname "BRIDGE" drop
            meta nfproto != ipv4 drop
            ip saddr != SUBNET drop
            jump connecting
            ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
            ip daddr @closed reject with icmp type admin-prohibited
            fib daddr type { local, broadcast, multicast, anycast } drop
            accept
          }
          chain input {
            type filter hook input priority filter - 5; policy accept;
            iifname != "BRIDGE" return
            ct state established,related accept
            ip saddr SUBNET jump connecting
            ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
            drop
          }
          chain postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            ip saddr SUBNET oifname != "BRIDGE" masquerade
          }
        }
        """
                .replace("CONNECTIONS", Integer.toString(CONNECTIONS_MAX))
                .replace("TABLE", table)
                .replace("BRIDGE", bridge)
                .replace("SUBNET", subnet.toString())
                .replace("CLOSED", String.join(", ", CLOSED))
                .replace("RESOLVERS", elements(resolvers.addresses()));
    }

    private static String elements(List<String> addresses) {
        return addresses.isEmpty() ? "" : "elements = { " + String.join(", ", addresses) + " }";
    }
}

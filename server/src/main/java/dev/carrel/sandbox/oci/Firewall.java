package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.Subnet;
import dev.carrel.sandbox.egress.Egress;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The nftables tables of an instance: sandboxes reach public addresses, the resolver and the
/// proxy, and nothing else; nobody reaches sandboxes. A sandbox with rules of its own has a chain
/// for them, its fence. Replaced as a whole in one transaction when a server starts, so that there
/// is no moment without it; fences change one at a time.
record Firewall(String table, String bridge, Subnet subnet, Egress.Ports ports) {
    private static final Logger LOG = LoggerFactory.getLogger(Firewall.class);

    /// How many connections of one sandbox the host keeps track of at once: its table is one for
    /// all, and when it is full the host itself is cut off.
    static final int CONNECTIONS_MAX = 4096;

    /// Names by plain DNS, and by DNS over TLS or QUIC: only our resolver answers.
    private static final String NAME_PORTS = "{ 53, 853 }";

    /// A server that is down is not there to refuse: then packets are dropped, so that whoever
    /// connects tries again until it is back.
    private static final String IF_LISTENING = "socket wildcard 0";

    /// Puts the rules in force, in place of earlier ones.
    void apply(Map<Integer, Fence> fences) throws IOException {
        String rules = rules(fences);
        HostCommand.Result result = run(rules);
        if (result.exitCode() != 0) {
            LOG.info("without nft_socket, connections fail at once while no server runs");
            run(rules.replace(IF_LISTENING, "")).orFail();
        }
        HostCommand.Result pins = run(new AddressPins(table, bridge, subnet).rules());
        if (pins.exitCode() != 0) {
            LOG.warn("this kernel cannot pin addresses to links of a bridge: {}", pins.err());
        }
    }

    /// Puts a fence in force for the address with this index, in place of an earlier one.
    void change(int index, Fence before, Fence after) throws IOException {
        run(new FenceRules(table, index, subnet.address(index)).change(before, after)).orFail();
    }

    /// Does nothing when they are not there.
    static void remove(String table) throws IOException {
        for (String family : List.of("inet", "bridge")) {
            String rules = "table %1$s %2$s\ndelete table %1$s %2$s\n".formatted(family, table);
            HostCommand.Result result = run(rules);
            if (family.equals("inet")) {
                result.orFail();
            }
        }
    }

    private static HostCommand.Result run(String rules) throws IOException {
        return HostCommand.of("nft", "-f", "-").withStdin(rules).run();
    }

    String rules(Map<Integer, Fence> fences) {
        // Declared, deleted and made again: the first line is for when it is not there.
        String base =
                """
                table inet TABLE
                delete table inet TABLE
                table inet TABLE {
                  set closed { type ipv4_addr; flags interval; elements = { CLOSED } }
                  set never { type ipv4_addr; flags interval; elements = { NEVER } }
                  set connections { type ipv4_addr; size 65535; flags dynamic; }
                  map fences { type ipv4_addr : verdict; }
                  map proxies { type ipv4_addr : verdict; }
                  chain connecting {
                    add @connections { ip saddr ct count over CONNECTIONS } reject with icmp type admin-prohibited
                  }
                  chain refuse {
                    meta l4proto tcp reject with tcp reset
                    reject with icmp type admin-prohibited
                  }
                  chain opened {
                    ct state established,related accept
                    oifname "BRIDGE" drop
                    ip daddr @never goto refuse
                    meta l4proto { tcp, udp } th dport NAME_PORTS goto refuse
                    fib daddr type { local, broadcast, multicast, anycast } drop
                    jump connecting
                    accept
                  }
                  chain redirected {
                    ip daddr @closed return
                    meta l4proto tcp redirect to :PROXY
                  }
                  chain prerouting {
                    type nat hook prerouting priority dstnat; policy accept;
                    iifname != "BRIDGE" return
                    ip saddr != SUBNET return
                    ip daddr GATEWAY udp dport 53 redirect to :UDP_NAMES
                    ip daddr GATEWAY tcp dport 53 redirect to :TCP_NAMES
                    fib daddr type local return
                    ip saddr vmap @proxies
                  }
                  chain forward {
                    type filter hook forward priority filter - 5; policy accept;
                    iifname != "BRIDGE" oifname != "BRIDGE" return
                    iifname "BRIDGE" ip saddr vmap @fences
                    ct state established,related accept
                    oifname "BRIDGE" drop
                    meta nfproto != ipv4 drop
                    ip saddr != SUBNET drop
                    jump connecting
                    meta l4proto { tcp, udp } th dport NAME_PORTS goto refuse
                    ip daddr @closed reject with icmp type admin-prohibited
                    fib daddr type { local, broadcast, multicast, anycast } drop
                    accept
                  }
                  chain input {
                    type filter hook input priority filter - 5; policy accept;
                    iifname != { "BRIDGE", "lo" } ip daddr GATEWAY drop
                    iifname != "BRIDGE" return
                    ip saddr != SUBNET drop
                    udp dport UDP_NAMES ct status dnat IF_LISTENING accept
                    udp dport UDP_NAMES drop
                    ct state established,related accept
                    jump connecting
                    tcp dport { TCP_NAMES, PROXY } ct status dnat IF_LISTENING accept
                    drop
                  }
                  chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr SUBNET oifname != "BRIDGE" masquerade
                  }
                }
                """
                        .replace("CONNECTIONS", Integer.toString(CONNECTIONS_MAX))
                        .replace("NAME_PORTS", NAME_PORTS)
                        .replace("IF_LISTENING", IF_LISTENING)
                        .replace("UDP_NAMES", Integer.toString(ports.nameDatagrams()))
                        .replace("TCP_NAMES", Integer.toString(ports.nameStreams()))
                        .replace("PROXY", Integer.toString(ports.proxy()))
                        .replace("TABLE", table)
                        .replace("BRIDGE", bridge)
                        .replace("SUBNET", subnet.toString())
                        .replace("GATEWAY", subnet.address(SandboxNetwork.GATEWAY))
                        .replace("CLOSED", elements(ClosedRanges.all()))
                        .replace("NEVER", elements(ClosedRanges.never()));
        return base + fences(fences);
    }

    private String fences(Map<Integer, Fence> fences) {
        var text = new StringBuilder();
        fences.forEach((index, fence) ->
                text.append(
                        new FenceRules(table, index, subnet.address(index))
                                .change(Fence.NONE, fence)));
        return text.toString();
    }

    /// The firewall takes no ranges that overlap.
    private static String elements(List<Subnet> ranges) {
        return ranges.stream()
                .filter(range ->
                        ranges.stream()
                                .noneMatch(other -> !other.equals(range) && other.contains(range)))
                .map(Subnet::toString)
                .collect(Collectors.joining(", "));
    }
}

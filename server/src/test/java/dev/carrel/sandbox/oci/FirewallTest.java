package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.Subnet;
import dev.carrel.sandbox.egress.Egress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FirewallTest {
    private static final Subnet SUBNET = subnet("198.18.16.0/20");
    private static final ClosedRanges CLOSED = new ClosedRanges(List.of(subnet("10.1.0.0/16")));

    @Test
    void rulesNameOnlyTheirOwnBridgeAndTable() {
        assertThat(rules(Map.of()))
                .startsWith("table inet carrel_abc\ndelete table inet carrel_abc\n")
                .contains("iifname != \"crlabc\" oifname != \"crlabc\" return")
                .contains("ip saddr 198.18.16.0/20 oifname != \"crlabc\" masquerade")
                .contains("ip daddr 198.18.16.1 udp dport 53 redirect to :5001")
                .contains("redirect to :5003")
                .doesNotContain("TABLE", "BRIDGE", "SUBNET", "CLOSED", "NEVER", "CONNECTIONS")
                .doesNotContain("PORTS", "NAMES", "PROXY", "GATEWAY", "LISTENING");
    }

    @Test
    void metadataAndPrivateRangesAreClosed() {
        assertThat(rules(Map.of()))
                .contains("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.168.0.0/16");
    }

    @Test
    void pinsAreForEveryAddressThatMayBeGiven() {
        String rules = new AddressPins("carrel_abc", "crlabc", subnet("198.18.16.0/29")).rules();

        assertThat(rules.lines().map(String::strip).filter(line -> line.startsWith("\"crlabc.")))
                .hasSize(5)
                .contains("\"crlabc.2\" . 02:63:c6:12:10:02 . 198.18.16.2,");
        assertThat(SandboxNetwork.last(SUBNET)).isEqualTo(4094);
        assertThat(SandboxNetwork.last(subnet("10.0.0.0/8"))).isEqualTo(16_384);
    }

    @Test
    void plainPoliciesNeedNoFence() {
        assertThat(Fence.of(NetworkPolicy.ON, CLOSED)).isEqualTo(Fence.NONE);
        assertThat(new FenceRules("t", 2, "198.18.16.2").change(Fence.NONE, Fence.NONE)).isEmpty();
    }

    @Test
    void fenceDeniesThenOpensThenAllowsThenCloses() {
        Fence fence = Fence.of(policy("9.9.9.0/24 10.1.2.0/24", "9.9.9.9 9.9.9.8/30"), CLOSED);

        assertThat(new FenceRules("t", 2, "198.18.16.2").change(Fence.NONE, fence))
                .isEqualTo(
                        """
                        add chain inet t fence2
                        flush chain inet t fence2
                        add rule inet t fence2 ip daddr { 9.9.9.8/30 } goto refuse
                        add rule inet t fence2 ip daddr { 10.1.2.0/24 } goto opened
                        add rule inet t fence2 ip daddr { 9.9.9.0/24, 10.1.2.0/24 } return
                        add rule inet t fence2 goto refuse
                        add element inet t fences { 198.18.16.2 : jump fence2 }
                        """);
        assertThat(new FenceRules("t", 2, "198.18.16.2").change(fence, Fence.NONE))
                .isEqualTo(
                        """
                        delete element inet t fences { 198.18.16.2 }
                        flush chain inet t fence2
                        delete chain inet t fence2
                        """);
    }

    @Test
    void fenceWithoutInternetIsClosed() {
        NetworkPolicy policy =
                new NetworkPolicy(false, targets("9.9.9.0/24"), List.of(), List.of());

        assertThat(Fence.of(policy, CLOSED)).isEqualTo(Fence.CLOSED);
    }

    @Test
    void fenceIsReadAsItWasWritten() {
        Fence fence = Fence.of(policy("9.9.9.0/24 10.1.2.0/24 a.example", "9.9.9.9"), CLOSED);

        assertThat(fence.isProxied()).isTrue();
        assertThat(Fence.parse(fence.text())).isEqualTo(fence);
        assertThat(Fence.parse("")).isEqualTo(Fence.NONE);
        assertThat(Fence.parse("ALLOW 9.9.9.0/24\nALL")).isEqualTo(Fence.CLOSED);
        assertThat(Fence.parse("DENY 9.9.9.0/2")).isNotEqualTo(Fence.NONE);
        assertThat(Fence.parse("DENY 9.9.9")).isEqualTo(Fence.CLOSED);
    }

    @Test
    void nameServersAreThoseOfTheHost() {
        Resolvers resolvers =
                Resolvers.parse(
                        """
                        # nameserver 1.1.1.1
                        search example.org
                        nameserver 127.0.0.53
                        nameserver fe80::1%eth9
                        nameserver  192.168.1.1
                        nameserver 192.168.1.1
                        nameserver ::1
                        nameserver 8.8.4.4
                        """);

        assertThat(resolvers.servers())
                .containsExactly(
                        new InetSocketAddress("127.0.0.53", 53),
                        new InetSocketAddress("192.168.1.1", 53),
                        new InetSocketAddress("::1", 53));
    }

    private static NetworkPolicy policy(String allow, String deny) {
        return new NetworkPolicy(true, targets(allow), targets(deny), List.of());
    }

    private static List<NetworkTarget> targets(String entries) {
        return Stream.of(entries.split(" ")).map(NetworkTarget::parse).toList();
    }

    private static Subnet subnet(String text) {
        return Subnet.parse(text).orElseThrow();
    }

    private static String rules(Map<Integer, Fence> fences) {
        return new Firewall("carrel_abc", "crlabc", SUBNET, new Egress.Ports(5001, 5002, 5003))
                .rules(fences);
    }
}

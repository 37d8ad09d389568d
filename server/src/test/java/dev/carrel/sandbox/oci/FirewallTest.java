package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FirewallTest {
    private static final Subnet SUBNET = Subnet.parse("198.18.16.0/20").orElseThrow();

    @Test
    void rulesNameOnlyTheirOwnBridgeAndTable() {
        String rules = rules(new Resolvers(List.of("9.9.9.9")));

        assertThat(rules)
                .startsWith("table inet carrel_abc\ndelete table inet carrel_abc\n")
                .contains("iifname != \"crlabc\" oifname != \"crlabc\" return")
                .contains("elements = { 9.9.9.9 }")
                .contains("ip saddr 198.18.16.0/20 oifname != \"crlabc\" masquerade")
                .doesNotContain("TABLE", "BRIDGE", "SUBNET", "CLOSED", "RESOLVERS", "CONNECTIONS");
    }

    @Test
    void metadataAndPrivateRangesAreClosed() {
        assertThat(rules(new Resolvers(List.of())))
                .contains("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.168.0.0/16")
                .contains("set resolvers { type ipv4_addr;  }");
    }

    @Test
    void resolversOnTheHostsLoopbackAreOutOfReach() {
        Resolvers resolvers =
                Resolvers.parse(
                        """
                        # nameserver 1.1.1.1
                        search example.org
                        nameserver 127.0.0.53
                        nameserver fe80::1
                        nameserver  192.168.1.1
                        nameserver 192.168.1.1
                        nameserver 8.8.8.8
                        nameserver 8.8.4.4
                        nameserver 4.4.4.4
                        """);

        assertThat(resolvers.addresses()).containsExactly("192.168.1.1", "8.8.8.8", "8.8.4.4");
        assertThat(resolvers.toFile())
                .startsWith("nameserver 192.168.1.1\nnameserver 8.8.8.8\n")
                .contains("options ");
    }

    private static String rules(Resolvers resolvers) {
        return new Firewall("carrel_abc", "crlabc", SUBNET, resolvers).rules();
    }
}

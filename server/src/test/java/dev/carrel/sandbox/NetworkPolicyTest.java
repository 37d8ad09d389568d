package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkPolicyTest {
    private static final ClosedRanges CLOSED =
            new ClosedRanges(List.of(Subnet.parse("10.1.0.0/16").orElseThrow()));

    @ParameterizedTest
    @CsvSource({
        "Example.COM, example.com",
        "example.com., example.com",
        "*.Example.com, *.example.com",
        "bücher.example, xn--bcher-kva.example",
        "bücher。example, xn--bcher-kva.example",
        "9.9.9.9, 9.9.9.9",
        "9.9.9.9/32, 9.9.9.9",
        "9.9.8.0/23, 9.9.8.0/23",
        "0.0.0.0/0, 0.0.0.0/0",
        "_dmarc.example.com, _dmarc.example.com",
        "intranet, intranet",
    })
    void entriesHaveOneForm(String entry, String form) {
        assertThat(NetworkTarget.parse(entry)).hasToString(form);
        assertThat(NetworkTarget.parse(form)).isEqualTo(NetworkTarget.parse(entry));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "*",
                "*.",
                "**.example.com",
                "a.*.example.com",
                "*example.com",
                "example..com",
                ".example.com",
                "-a.example",
                "a b.example",
                "a/b",
                "user@example",
                "http://example.com",
                "example.com:443",
                "::1",
                "fd00::/8",
                "::ffff:9.9.9.9",
                "[::1]",
                "127.1",
                "0x7f000001",
                "0x7f.0.0.1",
                "2130706433",
                "010.1.1.1",
                "9.9.9",
                "9.9.9.256",
                "9.9.9.9/33",
                "9.9.9.9/24",
                "9.9.9.9/",
                "9.9.9.09",
                "1.2.3.4.5",
                "example.123",
                "exam\nple.com"
            })
    void whatCanBeReadInTwoWaysIsNoEntry(String entry) {
        assertThatThrownBy(() -> NetworkTarget.parse(entry))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("\"");
    }

    @Test
    void denyWinsAndAllowClosesTheRest() {
        NetworkPolicy policy = rules("*.example.com a.example", "bad.example.com *.b.example.com");

        assertThat(allowed(policy, "x.example.com", "x.y.example.com", "a.example"))
                .containsOnly(true);
        assertThat(
                        allowed(
                                policy,
                                "example.com",
                                "bad.example.com",
                                "c.b.example.com",
                                "b.a.example",
                                "xexample.com",
                                "x.example.com.evil",
                                "other"))
                .containsOnly(false);
        assertThat(allowed(policy, "b.example.com")).containsOnly(true);
    }

    @Test
    void withoutInternetNothingIsAllowed() {
        NetworkPolicy policy = new NetworkPolicy(false, targets("a.example"), List.of(), List.of());

        assertThat(allowed(policy, "a.example")).containsOnly(false);
    }

    @Test
    void addressesOfNamesAreHeldAgainstClosedAndDeniedRanges() {
        NetworkPolicy plain = NetworkPolicy.ON;
        for (String closed :
                List.of(
                        "127.0.0.1",
                        "0.0.0.0",
                        "10.1.2.3",
                        "172.16.0.1",
                        "192.168.0.1",
                        "169.254.169.254",
                        "100.64.0.1",
                        "168.63.129.16",
                        "100.100.100.200",
                        "192.0.0.192",
                        "224.0.0.1",
                        "255.255.255.255",
                        "198.18.0.2")) {
            assertThat(CLOSED.permits(bits(closed), plain)).as(closed).isFalse();
        }
        assertThat(CLOSED.permits(bits("9.9.9.9"), plain)).isTrue();
        assertThat(CLOSED.permits(bits("9.9.9.9"), rules("", "9.9.9.0/24"))).isFalse();
        assertThat(CLOSED.permits(bits("10.1.2.3"), rules("a.example 10.1.2.0/24", ""))).isTrue();
        assertThat(CLOSED.permits(bits("10.1.3.3"), rules("a.example 10.1.2.0/24", ""))).isFalse();
        assertThat(CLOSED.permits(bits("10.1.2.3"), rules("0.0.0.0/0", ""))).isFalse();
    }

    @Test
    void rulesThatCannotWorkAreRefused() {
        CLOSED.check(rules("10.1.0.0/16 10.1.2.3 0.0.0.0/0 9.9.9.9 a.example", "10.9.9.9"));
        for (String range : List.of("10.0.0.0/8", "10.2.0.0/16", "192.168.0.0/16", "127.0.0.1")) {
            assertThatThrownBy(() -> CLOSED.check(rules(range, "")))
                    .isInstanceOf(CarrelException.class)
                    .hasMessageContaining("network.allow: " + range);
        }
        assertThatThrownBy(() -> new ClosedRanges(List.of(Subnet.parse("9.0.0.0/8").get())))
                .hasMessageContaining("9.0.0.0/8");
    }

    @Test
    void listsAndSecretsAreBounded() {
        List<NetworkTarget> many =
                Collections.nCopies(
                        NetworkPolicy.TARGETS_MAX + 1, NetworkTarget.parse("a.example"));

        assertThatThrownBy(() -> new NetworkPolicy(true, many, List.of(), List.of()))
                .hasMessageContaining("256");
        assertThatThrownBy(() -> secret("Host", "x")).hasMessageContaining("header");
        assertThatThrownBy(() -> secret("A b", "x")).hasMessageContaining("header");
        assertThatThrownBy(() -> secret("A", "x\r\nB: y")).hasMessageContaining("ASCII");
        assertThatThrownBy(() -> secret("A", " ")).hasMessageContaining("8192");
        assertThat(secret("Authorization", "Bearer s3cret").toString()).doesNotContain("s3cret");
    }

    @Test
    void secretsAreForHostsThatTheRulesOpen() {
        EdgeSecret secret = secret("Authorization", "x");

        assertThat(with(secret, "", "").needsProxy()).isTrue();
        assertThat(with(secret, "*.example", "").secret(secret.host())).contains(secret);
        assertThatThrownBy(() -> with(secret, "b.example", "")).hasMessageContaining("api.example");
        assertThatThrownBy(() -> with(secret, "", "*.example")).hasMessageContaining("api.example");
        assertThatThrownBy(() ->
                        new NetworkPolicy(true, List.of(), List.of(), List.of(secret, secret)))
                .hasMessageContaining("two secrets");
    }

    private static NetworkPolicy with(EdgeSecret secret, String allow, String deny) {
        return new NetworkPolicy(true, targets(allow), targets(deny), List.of(secret));
    }

    private static EdgeSecret secret(String header, String value) {
        return new EdgeSecret(new HostName("api.example"), header, value, false);
    }

    private static Stream<Boolean> allowed(NetworkPolicy policy, String... names) {
        return Stream.of(names).map(name -> policy.allowsName(new HostName(name)));
    }

    private static int bits(String address) {
        return Subnet.parse(address).orElseThrow().first();
    }

    private static NetworkPolicy rules(String allow, String deny) {
        return new NetworkPolicy(true, targets(allow), targets(deny), List.of());
    }

    private static List<NetworkTarget> targets(String entries) {
        return Stream.of(entries.split(" "))
                .filter(entry -> !entry.isEmpty())
                .map(NetworkTarget::parse)
                .toList();
    }
}

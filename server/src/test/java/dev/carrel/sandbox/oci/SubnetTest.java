package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.sandbox.Subnet;
import java.util.List;
import org.junit.jupiter.api.Test;

class SubnetTest {
    @Test
    void textAndRangeAgree() {
        assertThat(subnet("10.20.31.7/20").toString()).isEqualTo("10.20.16.0/20");
        assertThat(subnet("192.168.1.9").toString()).isEqualTo("192.168.1.9/32");
        assertThat(subnet("0.0.0.0/0").size()).isEqualTo(1L << 32);
        assertThat(subnet("10.20.16.0/20").address(257)).isEqualTo("10.20.17.1");
    }

    @Test
    void everythingElseIsNone() {
        for (String text :
                List.of("", "default", "10.0.0.256", "10.0.0.0/33", "fe80::1/64", "1.2.3")) {
            assertThat(Subnet.parse(text)).as(text).isEmpty();
        }
    }

    @Test
    void overlapIsContainmentEitherWay() {
        assertThat(subnet("10.0.0.0/8").overlaps(subnet("10.20.0.0/16"))).isTrue();
        assertThat(subnet("10.20.0.0/16").overlaps(subnet("10.0.0.0/8"))).isTrue();
        assertThat(subnet("10.20.0.0/16").overlaps(subnet("10.21.0.0/16"))).isFalse();
        assertThat(subnet("200.0.0.0/8").overlaps(subnet("72.0.0.0/8"))).isFalse();
    }

    @Test
    void addressesBeyondTheRangeAreRefused() {
        assertThatThrownBy(() -> subnet("10.0.0.0/30").address(4))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void choiceAvoidsWhatIsTaken() {
        Subnet first = SubnetChoice.choose(List.of(), 5).orElseThrow();
        Subnet second = SubnetChoice.choose(List.of(first), 5).orElseThrow();

        assertThat(first).isEqualTo(subnet("198.18.80.0/20"));
        assertThat(second).isEqualTo(subnet("198.18.96.0/20"));
        assertThat(SubnetChoice.choose(List.of(subnet("198.18.0.0/15")), 5).orElseThrow())
                .isEqualTo(subnet("172.16.80.0/20"));
        assertThat(SubnetChoice.choose(List.of(subnet("0.0.0.0/1"), subnet("128.0.0.0/1")), 5))
                .isEmpty();
    }

    private static Subnet subnet(String text) {
        return Subnet.parse(text).orElseThrow();
    }
}

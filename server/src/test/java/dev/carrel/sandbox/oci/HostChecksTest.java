package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.oci.HostChecks.Check;
import dev.carrel.sandbox.oci.HostChecks.Outcome;
import org.junit.jupiter.api.Test;

class HostChecksTest {
    private static final long GIB = 1L << 30;

    @Test
    void aPoolThatItsDiskCannotHoldIsAWarning() {
        Check check = PoolCheck.of(100 * GIB, 10 * GIB, 20 * GIB);
        assertThat(check.outcome()).isEqualTo(Outcome.WARN);
        assertThat(check.found())
                .contains("promises 102400 MiB, holds 10240, and its disk has 20480 more")
                .contains("sandboxes see a full disk");
        assertThat(check.remedy()).contains("free 71681 MiB", "disk.pool_mb");
    }

    @Test
    void aPoolThatItsDiskCanHoldIsWell() {
        assertThat(PoolCheck.of(100 * GIB, 90 * GIB, 10 * GIB).outcome()).isEqualTo(Outcome.OK);
    }

    @Test
    void addressesThatAreNotPinnedAreAWarningThatSaysWhatItMeans() {
        Check check = NetworkChecks.bridgeRules(false, "this kernel refuses");
        assertThat(check.outcome()).isEqualTo(Outcome.WARN);
        assertThat(check.found()).startsWith("this kernel refuses: ").contains("neighbour");
        assertThat(check.remedy()).contains("CONFIG_NF_TABLES_BRIDGE");
        assertThat(NetworkChecks.bridgeRules(true, "").outcome()).isEqualTo(Outcome.OK);
    }
}

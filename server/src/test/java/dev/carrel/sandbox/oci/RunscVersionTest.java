package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunscVersionTest {
    @Test
    void versionsAreDatesWhoeverPackagedThem() {
        assertThat(RunscVersion.parse("runsc version 0.0~20240729.0\nspec: 1.0.2-dev"))
                .contains(new RunscVersion(20_240_729));
        assertThat(RunscVersion.parse("runsc version release-20251103.0\nspec: 1.1.0-rc.1"))
                .contains(new RunscVersion(20_251_103));
    }

    @Test
    void whatIsNoVersionIsNone() {
        assertThat(RunscVersion.parse("")).isEmpty();
        assertThat(RunscVersion.parse("runsc version VERSION_MISSING")).isEmpty();
    }
}

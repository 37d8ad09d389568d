package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExitRecordTest {
    private static ExitRecord parse(String line) {
        return ExitRecord.parse((line + "\n").getBytes(US_ASCII)).orElseThrow();
    }

    @Test
    void aLineIsUnderstood() {
        var exit = parse("1 768 0 10 20 10 21 1795244746002 1795244746016 13736");
        assertThat(exit.exitCode()).isEqualTo(3);
        assertThat(exit.signal()).isEmpty();
        assertThat(exit.stdoutBytes()).isEqualTo(10);
        assertThat(exit.stderrBytes()).isEqualTo(20);
        assertThat(exit.truncated()).isTrue();
        assertThat(exit.startedAt()).isEqualTo(Instant.ofEpochMilli(1795244746002L));
        assertThat(exit.duration()).isEqualTo(Duration.ofNanos(13_736_000));
    }

    @Test
    void aTimeoutCountsOnlyWhenItsSignalEndedTheCommand() {
        assertThat(parse("1 9 1 0 0 0 0 0 0 0").timedOut()).isTrue();
        assertThat(parse("1 0 1 0 0 0 0 0 0 0").timedOut()).isFalse();
        assertThat(parse("1 9 0 0 0 0 0 0 0 0").timedOut()).isFalse();
        assertThat(parse("1 9 0 0 0 0 0 0 0 0").exitCode()).isEqualTo(137);
        assertThat(parse("1 9 2 0 0 0 0 0 0 0").killedOnRequest()).isTrue();
        assertThat(parse("1 0 2 0 0 0 0 0 0 0").killedOnRequest()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1 0 0 0 0 0 0 0 0 0",
                "1 0 0 0 0 0 0 0 0\n",
                "1 0 0 0 0 0 0 0 0 0 0\n",
                "2 0 0 0 0 0 0 0 0 0\n",
                "1 0 0 -1 0 0 0 0 0 0",
                "1 0 0 x 0 0 0 0 0 0",
                "1 0 0 99999999999999999999 0 0 0 0 0 0",
            })
    void whatIsNoRecordIsNone(String line) {
        assertThat(ExitRecord.parse(line.getBytes(US_ASCII))).isEmpty();
        assertThat(ExitRecord.parse(("1 0 0 0 0 0 0 0 0 0" + " ".repeat(300)).getBytes(US_ASCII)))
                .isEmpty();
    }

    @Test
    void noNumberOverflowsAnInstantOrADuration() {
        String most = Long.toString(Long.MAX_VALUE);
        var line = "1 0 0 " + (most + " ").repeat(7).strip() + "\n";
        assertThat(ExitRecord.parse(line.getBytes(US_ASCII))).isPresent();
    }
}

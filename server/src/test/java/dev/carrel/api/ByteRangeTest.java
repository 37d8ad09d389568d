package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
    @ParameterizedTest
    @CsvSource({
        "bytes=0-0,0,0",
        "bytes=2-5,2,5",
        "bytes= 2-5 ,2,5",
        "bytes=9-,9,9223372036854775807",
        "bytes=-3,7,9223372036854775807",
        "bytes=-30,0,9223372036854775807",
        "bytes=-0,10,9223372036854775807",
        "bytes=99-100,99,100"
    })
    void oneRangeIsUnderstood(String header, long first, long last) {
        assertThat(ByteRange.parse(header, 10)).contains(new ByteRange(first, last));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bytes",
                "bytes=",
                "bytes=-",
                "bytes=5-2",
                "bytes=a-b",
                "bytes=0-1,3-4",
                "lines=0-1",
                "bytes=0x1-2",
                "bytes=99999999999999999999-"
            })
    void whatIsNoSingleRangeIsIgnored(String header) {
        assertThat(ByteRange.parse(header, 10)).isEmpty();
    }

    @Test
    void theTailOfNothingIsNothing() {
        assertThat(ByteRange.parse("bytes=-5", 0)).contains(new ByteRange(0, Long.MAX_VALUE));
    }
}

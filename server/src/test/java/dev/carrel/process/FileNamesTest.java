package dev.carrel.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FileNamesTest {
    @Test
    void everyNameSurvivesBothWays() {
        var random = new Random(7);
        for (int i = 0; i < 50_000; i++) {
            var name = new byte[1 + random.nextInt(12)];
            random.nextBytes(name);
            assertThat(FileNames.encode(FileNames.decode(name))).isEqualTo(name);
        }
    }

    @Test
    void textIsText() {
        String name = "grün-😀-\uFFFD";
        assertThat(FileNames.encode(name)).isEqualTo(name.getBytes(StandardCharsets.UTF_8));
        assertThat(FileNames.decode(FileNames.encode(name))).isEqualTo(name);
        assertThat(FileNames.shown(name)).isEqualTo(name);
    }

    @Test
    void oddBytesAreShownAsReplaced() {
        String odd = FileNames.decode(new byte[] {'a', (byte) 0xff, 'b'});
        assertThat(FileNames.isText(odd)).isFalse();
        assertThat(FileNames.shown(odd)).isEqualTo("a\uFFFDb");
    }
}

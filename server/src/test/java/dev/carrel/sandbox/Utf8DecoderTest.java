package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8DecoderTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 100})
    void piecesGiveTheTextOfTheWhole(int size) {
        String text = "aé€😀z";
        byte[] bytes = (text + "€").getBytes(StandardCharsets.UTF_8);
        byte[] cut = Arrays.copyOf(bytes, bytes.length - 1);
        cut[0] = (byte) 0xff;
        var decoder = new Utf8Decoder();
        var decoded = new StringBuilder();

        for (int at = 0; at < cut.length; at += size) {
            decoded.append(
                    decoder.decode(Arrays.copyOfRange(cut, at, Math.min(at + size, cut.length))));
        }
        decoded.append(decoder.end());

        assertThat(decoded.toString()).isEqualTo("\uFFFDé€😀z\uFFFD");
    }
}

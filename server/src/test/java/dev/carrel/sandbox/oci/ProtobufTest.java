package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ProtobufTest {
    @Test
    void encodesAsTheSpecificationShows() {
        assertThat(HexFormat.of().formatHex(new Protobuf().number(1, 150).toBytes()))
                .isEqualTo("089601");
        assertThat(HexFormat.of().formatHex(new Protobuf().string(2, "testing").toBytes()))
                .isEqualTo("120774657374696e67");
    }

    @Test
    void readsWhatItWrites() throws IOException {
        byte[] bytes =
                new Protobuf()
                        .number(1, Long.MAX_VALUE)
                        .number(2, -1)
                        .string(3, "grüß")
                        .bytes(4, new byte[300])
                        .toBytes();

        Protobuf.Message message = Protobuf.parse(bytes);

        assertThat(message.number(1)).isEqualTo(Long.MAX_VALUE);
        assertThat(message.number(2)).isEqualTo(-1);
        assertThat(message.string(3)).isEqualTo("grüß");
        assertThat(message.bytes(4)).hasValueSatisfying(b -> assertThat(b).hasSize(300));
        assertThat(message.number(5)).isZero();
        assertThat(message.string(6)).isEmpty();
    }

    @Test
    void skipsFieldsOfFixedSize() throws IOException {
        byte[] bytes = HexFormat.of().parseHex("0d01020304" + "110102030405060708" + "1801");

        assertThat(Protobuf.parse(bytes).number(3)).isEqualTo(1);
    }

    @Test
    void refusesWhatIsCutOffOrGarbled() {
        byte[] whole = new Protobuf().string(1, "text").number(2, 1 << 20).toBytes();
        for (int length : new int[] {1, 3, whole.length - 1}) {
            assertThatThrownBy(() -> Protobuf.parse(Arrays.copyOf(whole, length)))
                    .as("%d bytes", length)
                    .isInstanceOf(IOException.class);
        }
        for (String garbled :
                new String[] {"0affffffffffffffffff01", "0b", "ffffffffffffffffffff"}) {
            assertThatThrownBy(() -> Protobuf.parse(HexFormat.of().parseHex(garbled)))
                    .as(garbled)
                    .isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> Protobuf.parse("not protobuf".getBytes(UTF_8)))
                .isInstanceOf(IOException.class);
    }
}

package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.sandbox.ExecutionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class InitMessageTest {
    private static ByteBuffer body(int type, String id, byte... rest) {
        byte[] text = id.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(2 + text.length + rest.length)
                .put((byte) type)
                .put((byte) text.length)
                .put(text)
                .put(rest)
                .flip();
    }

    @Test
    void messagesAreUnderstood() {
        var id = new ExecutionId("exe_1");
        assertThat(InitMessage.parse(body(17, "exe_1"))).isEqualTo(new InitMessage.Started(id));
        assertThat(InitMessage.parse(body(19, "exe_1", (byte) 0, (byte) 0, (byte) 0, (byte) 11)))
                .isEqualTo(new InitMessage.Refused(id, 11));
        var list = ByteBuffer.allocate(20).put((byte) 22).putInt(1).put((byte) 5);
        assertThat(InitMessage.parse(list.put("exe_1".getBytes()).flip()))
                .isEqualTo(new InitMessage.Listed(Set.of(id)));
    }

    @Test
    void idsThatCouldNameOtherFilesAreRefused() {
        for (String id : new String[] {"", "exe_../x", "exe_/", "sbx_1", "exe_" + "a".repeat(99)}) {
            assertThatThrownBy(() -> InitMessage.parse(body(17, id)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void garbageIsRefusedAndNothingElseHappens() {
        var random = new Random(1);
        for (int i = 0; i < 200_000; i++) {
            var bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 0) {
                bytes[0] = (byte) (15 + random.nextInt(11));
            }
            try {
                InitMessage.parse(ByteBuffer.wrap(bytes));
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }
}

package dev.carrel.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class WebSocketFramesTest {
    @Test
    void aLongReasonIsCutBetweenCharacters() {
        byte[] payload = WebSocketFrames.goodbye(WebSocket.POLICY, "a" + "ü".repeat(100));
        assertThat(ByteBuffer.wrap(payload).getShort()).isEqualTo((short) WebSocket.POLICY);
        assertThat(new String(Arrays.copyOfRange(payload, 2, payload.length), UTF_8))
                .isEqualTo("a" + "ü".repeat(61));
    }

    @Test
    void aReasonThatFitsIsWhole() {
        assertThat(WebSocketFrames.goodbye(WebSocket.NORMAL, "a".repeat(123))).hasSize(125);
        assertThat(WebSocketFrames.goodbye(WebSocket.NORMAL, "")).hasSize(2);
    }
}

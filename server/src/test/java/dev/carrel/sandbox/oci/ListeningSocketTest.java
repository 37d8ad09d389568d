package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class ListeningSocketTest {
    private static final String HEAD =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n";

    @Test
    void listenersAreFoundAndWhereToReachThem() throws Exception {
        String tcp =
                HEAD
                        + "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000\n"
                        + "   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000\n"
                        + "   2: 0101007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000\n"
                        + "   3: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000\n";
        String tcp6 =
                HEAD
                        + "   0: 00000000000000000000000001000000:0050 "
                        + "00000000000000000000000000000000:0000 0A 00000000:00000000\n"
                        + "   1: 00000000000000000000000000000000:0051 "
                        + "00000000000000000000000000000000:0000 0A 00000000:00000000\n";

        assertThat(ListeningSocket.parse(tcp.getBytes(ISO_8859_1), tcp6.getBytes(ISO_8859_1)))
                .extracting(ListeningSocket::reachable)
                .containsExactly(
                        new InetSocketAddress("127.0.0.1", 3000),
                        new InetSocketAddress("127.0.0.1", 8080),
                        new InetSocketAddress("127.0.1.1", 8081),
                        new InetSocketAddress("::1", 80),
                        new InetSocketAddress("::1", 81));
    }

    @Test
    void aTableThatIsCutOrHugeIsBounded() {
        String line = "   0: 0100007F:0BB8 00000000:0000 0A 0 0 0\n";
        byte[] huge = (HEAD + line.repeat(5_000) + "   9: 0100").getBytes(ISO_8859_1);

        assertThat(ListeningSocket.parse(huge, huge)).hasSize(1024);
        assertThat(ListeningSocket.parse(new byte[0], new byte[0])).isEmpty();
    }
}

package dev.carrel.sandbox.egress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.oci.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyHttpIT extends ProxyStage {
    @Test
    void requestGoesToAnAddressThatTheProxyFoundItself() throws IOException {
        String answer = talk("GET /x HTTP/1.1\r\nHost: good.example\r\nX: y\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 200 OK").contains("GET /x HTTP/1.1", "X: y");
        assertThat(targets).containsExactly("11.7.7.7:80");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GOOD.Example", "good.example.", "good.example:80"})
    void nameMayBeWrittenInAnyOfItsForms(String host) throws IOException {
        assertThat(talk("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")).contains(" 200 ");
    }

    /// Percent signs stand for bytes that an annotation cannot hold.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "good.example.evil.example",
                "xgood.example",
                "good.example:443",
                "good.example:080080",
                "good.example@evil.example",
                "evil.example@good.example",
                "good.example/evil.example",
                "good.example evil.example",
                "good.example,evil.example",
                "good.example%00evil.example",
                "good%E3%80%82example",
                "good.example%E3%80%82",
                "good.example..",
                ".good.example",
                "11.7.7.7",
                "0x0b070707",
                "185075463",
                "013.07.07.07",
                "11.459527",
                "[::ffff:11.7.7.7]",
                "[64:ff9b::b07:707]",
                "127.0.0.1",
                "localhost",
                "",
            })
    void otherNamesDoNotPass(String host) throws IOException {
        String raw = URLDecoder.decode(host, ISO_8859_1);

        String answer = talk("GET / HTTP/1.1\r\nHost: " + raw + "\r\n\r\n");

        assertThat(answer).doesNotContain(" 200 ");
        assertThat(targets).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET http://good.example/ HTTP/1.1|Host: good.example||",
                "GET http://evil.example/ HTTP/1.1|Host: good.example||",
                "CONNECT good.example:80 HTTP/1.1|Host: good.example||",
                "CONNECT evil.example:80 HTTP/1.1|Host: good.example||",
                "TRACE / HTTP/1.1|Host: good.example||",
                "PRI * HTTP/2.0||SM||",
                "GET / HTTP/1.1||",
                "GET / HTTP/0.9||",
                "GET /",
                "GET / HTTP/1.1|Host: good.example|Host: good.example||",
                "GET / HTTP/1.1|Host: good.example|host: evil.example||",
                "GET / HTTP/1.1|Host : good.example||",
                "GET / HTTP/1.1| Host: good.example||",
                "GET / HTTP/1.1|Host: good.example| evil.example||",
                "GET  / HTTP/1.1|Host: good.example||",
                "GET / HTTP/1.1 |Host: good.example||",
                "|GET / HTTP/1.1|Host: good.example||",
                "POST / HTTP/1.1|Host: good.example|Content-Length: 1|Content-Length: 2||ab",
                "POST / HTTP/1.1|Host: good.example|Content-Length: +1||a",
                "POST / HTTP/1.1|Host: good.example|Content-Length: 1, 1||a",
                "POST / HTTP/1.1|Host: good.example|Content-Length: 5|Transfer-Encoding: chunked||0||",
                "POST / HTTP/1.1|Host: good.example|Transfer-Encoding: x, chunked||0||",
                "POST / HTTP/1.1|Host: good.example|Transfer-Encoding : chunked||0||",
                "SSH-2.0-OpenSSH_9|",
                "EHLO good.example|",
            })
    void whatCanBeReadInTwoWaysDoesNotPass(String request) throws IOException {
        String answer = talk(request.replace("|", "\r\n"));

        assertThat(answer).doesNotContain(" 200 ");
        assertThat(got).isEmpty();
        assertThat(targets).isEmpty();
    }

    @Test
    void loneLineFeedsAndBareReturnsDoNotPass() throws IOException {
        assertThat(talk("GET / HTTP/1.1\nHost: good.example\n\n")).contains(" 400 ");
        assertThat(talk("GET / HTTP/1.1\r\nHost: good.example\rX: y\r\n\r\n")).contains(" 400 ");
        assertThat(talk("GET / HTTP/1.1\r\nHost: good.example\r\nX: " + "y".repeat(70_000)))
                .contains(" 431 ");
        assertThat(targets).isEmpty();
    }

    @Test
    void everyRequestOfAConnectionIsForTheSameHost() throws IOException {
        String good = "GET /1 HTTP/1.1\r\nHost: good.example\r\n\r\n";
        String evil = "GET /2 HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        String other = "GET /3 HTTP/1.1\r\nHost: other.example\r\n\r\n";

        assertThat(talk(good + good + evil + good)).contains(" 200 ", " 421 ");
        assertThat(talk(good + other)).contains(" 200 ", " 421 ");

        assertThat(got)
                .containsExactly(
                        "GET /1 HTTP/1.1 good.example",
                        "GET /1 HTTP/1.1 good.example",
                        "GET /1 HTTP/1.1 good.example");
        assertThat(targets).containsExactly("11.7.7.7:80", "11.7.7.7:80");
    }

    @Test
    void bodyEndsWhereItSays() throws IOException {
        String evil = "GET /2 HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        String fields = "POST /1 HTTP/1.1\r\nHost: good.example\r\n";

        assertThat(talk(fields + "Content-Length: 3\r\n\r\nabc" + evil)).contains("\r\n\r\nabc");
        assertThat(
                        talk(
                                fields
                                        + "Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n"
                                        + evil))
                .contains("3\r\nabc\r\n0\r\n");
        talk(fields + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n" + evil);
        talk(fields + "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n" + evil);
        talk(fields + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" + evil);

        assertThat(got).noneMatch(line -> line.contains("evil.example"));
    }

    @Test
    void longBodiesAndContinueWork() throws IOException {
        String body = "z".repeat(300_000);

        String answer =
                talk(
                        "POST / HTTP/1.1\r\nHost: good.example\r\nExpect: 100-continue\r\n"
                                + "Content-Length: 300000\r\n\r\n"
                                + body);

        assertThat(answer).contains(" 100 Continue").endsWith(body);
    }

    @Test
    void namesThatLeadInsideOrToDeniedOnesDoNotPass() throws IOException {
        assertThat(talk("GET / HTTP/1.1\r\nHost: inner.example\r\n\r\n")).contains(" 502 ");
        egress.put(SELF, rules("", "evil.example"));
        assertThat(talk("GET / HTTP/1.1\r\nHost: alias.example\r\n\r\n")).contains(" 502 ");
        assertThat(talk("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")).contains(" 403 ");
        assertThat(targets).isEmpty();
        assertThat(talk("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n")).contains(" 200 ");
    }

    @Test
    void upgradeIsATunnelOnlyOnceTheHostAgrees() throws IOException {
        String fields = "Host: good.example\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
        String evil = "GET /2 HTTP/1.1\r\nHost: evil.example\r\n\r\n";

        assertThat(talk("GET /switch HTTP/1.1\r\n" + fields + "raw words")).endsWith("raw words");
        assertThat(talk("GET /no HTTP/1.1\r\n" + fields + evil)).contains(" 200 ", " 421 ");
        assertThat(got).noneMatch(line -> line.contains("evil.example"));
    }

    @Test
    void changeOfThePolicyCutsWhatItOutlaws() throws IOException {
        try (Socket socket = connect()) {
            byte[] request = "GET /1 HTTP/1.1\r\nHost: good.example\r\n\r\n".getBytes(ISO_8859_1);
            socket.getOutputStream().write(request);
            assertThat(socket.getInputStream().read()).isEqualTo('H');

            egress.put(SELF, rules("good.example", "11.7.7.0/24"));

            assertThat(new String(readAll(socket.getInputStream()), ISO_8859_1))
                    .doesNotContain("421");
        }
        egress.put(SELF, NetworkPolicy.OFF);
        assertThat(talk("GET / HTTP/1.1\r\nHost: good.example\r\n\r\n")).contains(" 403 ");
    }

    /// Which one is too many is not said: they are counted as they come to be looked at.
    @Test
    void oneSandboxHasSoManyConnectionsAtOnce() throws Exception {
        List<Socket> open = new ArrayList<>();
        try {
            for (int i = 0; i <= Client.CONNECTIONS_MAX; i++) {
                open.add(connect());
            }
            Eventually.holds(() -> open.stream().filter(ProxyHttpIT::isEnded).count() == 1);
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
    }

    private static boolean isEnded(Socket socket) {
        try {
            socket.setSoTimeout(1);
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

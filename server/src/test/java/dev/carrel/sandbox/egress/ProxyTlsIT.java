package dev.carrel.sandbox.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyTlsIT extends ProxyStage {
    private static final byte[] ALERT = {21, 3, 3, 0, 2, 2, 49};

    @Test
    void connectionIsPassedOnAsItCame() throws Exception {
        port = 443;
        byte[] hello = hello("good.example");
        byte[] more = concat(hello, "and what follows".getBytes(StandardCharsets.US_ASCII));

        assertThat(talk(more)).isEqualTo(more);
        assertThat(targets).containsExactly("11.7.7.7:443");
    }

    @Test
    void portSaysNothing() throws Exception {
        port = 80;
        byte[] hello = hello("good.example");
        assertThat(talk(hello)).isEqualTo(hello);
        assertThat(talk(hello("evil.example"))).isEqualTo(ALERT);
        port = 443;
        assertThat(talk("GET / HTTP/1.1\r\nHost: good.example\r\n\r\n")).contains(" 200 ");
        assertThat(talk("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")).contains(" 403 ");
        assertThat(targets).containsExactly("11.7.7.7:80", "11.7.7.7:443");
    }

    @Test
    void helloMayComeInPieces() throws Exception {
        byte[] whole = hello("good.example");
        byte[] pieces = fragmented(whole, 1 + whole.length / 20);
        assertThat(talk(pieces)).isEqualTo(pieces);
        try (Socket socket = connect()) {
            socket.setTcpNoDelay(true);
            for (byte b : whole) {
                socket.getOutputStream().write(b);
                socket.getOutputStream().flush();
            }
            socket.shutdownOutput();
            assertThat(readAll(socket.getInputStream())).isEqualTo(whole);
        }
        assertThat(talk(fragmented(hello("evil.example"), 20))).isEqualTo(ALERT);
        assertThat(talk(fragmented(whole, 1))).isEqualTo(ALERT);
        assertThat(targets).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "good.example.evil.example",
                "xgood.example",
                "11.7.7.7",
                "11.7.1799",
                "0x0b070707",
                "::ffff:11.7.7.7",
                "[::ffff:11.7.7.7]",
                "good.example:443",
                "good.example evil.example",
                "good.example..",
                "",
                ".",
                "localhost",
                "inner.example",
            })
    void otherNamesDoNotPass(String name) throws Exception {
        byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);

        assertThat(talk(hello(entry(0, bytes)))).isEqualTo(ALERT);
        assertThat(targets).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GOOD.example", "good.example."})
    void nameMayBeWrittenInAnyOfItsForms(String name) throws Exception {
        byte[] hello = hello(entry(0, name.getBytes(StandardCharsets.US_ASCII)));

        assertThat(talk(hello)).isEqualTo(hello);
    }

    @Test
    void namesThatAreHiddenOrDoubleDoNotPass() throws Exception {
        byte[] good = entry(0, "good.example".getBytes(StandardCharsets.US_ASCII));
        byte[] evil = entry(0, "evil.example".getBytes(StandardCharsets.US_ASCII));
        List<byte[]> hellos = new ArrayList<>();
        hellos.add(build(List.of()));
        hellos.add(hello(concat(good, evil)));
        hellos.add(hello(concat(evil, good)));
        hellos.add(hello(entry(1, "good.example".getBytes(StandardCharsets.US_ASCII))));
        hellos.add(hello(new byte[0]));
        hellos.add(build(List.of(extension(0, list(good)), extension(0, list(good)))));
        hellos.add(build(List.of(extension(0, list(good)), extension(0xfe0d, new byte[8]))));
        hellos.add(build(List.of(extension(0, list(good)), extension(0xffce, new byte[8]))));
        hellos.add(build(List.of(extension(0, concat(list(good), new byte[1])))));
        for (byte[] hello : hellos) {
            assertThat(talk(hello)).isEqualTo(ALERT);
        }
        assertThat(targets).isEmpty();
    }

    @Test
    void whatIsNoHelloDoesNoHarm() throws Exception {
        byte[] good = hello("good.example");
        var random = new Random(11);
        for (int i = 0; i < 60; i++) {
            byte[] bytes = good.clone();
            bytes[1 + random.nextInt(90)] = (byte) random.nextInt();
            talk(bytes);
            talk(java.util.Arrays.copyOf(good, 1 + random.nextInt(good.length - 1)));
        }
        talk(new byte[] {22, 3, 1, (byte) 0xff, (byte) 0xff});
        talk(new byte[] {22, 3, 1, 0, 4, 1, (byte) 0xff, (byte) 0xff, (byte) 0xff});

        assertThat(targets).allMatch(target -> target.startsWith("11.7.7.7:"));
        assertThat(talk(good)).isEqualTo(good);
    }

    @Test
    void changeOfThePolicyCutsWhatItOutlaws() throws Exception {
        byte[] hello = hello("good.example");
        try (Socket cut = connect();
                Socket kept = connect()) {
            for (Socket socket : List.of(cut, kept)) {
                byte[] own = socket == cut ? hello : hello("other.example");
                socket.getOutputStream().write(own);
                assertThat(socket.getInputStream().readNBytes(own.length)).isEqualTo(own);
            }

            egress.put(SELF, rules("other.example", ""));

            assertThat(readAll(cut.getInputStream())).isEmpty();
            kept.getOutputStream().write('x');
            assertThat(kept.getInputStream().read()).isEqualTo('x');
        }
    }

    /// As a real client says it.
    private static byte[] hello(String name) throws Exception {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        engine.setSSLParameters(parameters);
        ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), out);
        out.flip();
        byte[] bytes = new byte[out.remaining()];
        out.get(bytes);
        return bytes;
    }

    /// With this list of names, as they are.
    private static byte[] hello(byte[] entries) throws IOException {
        return build(List.of(extension(10, new byte[] {0, 2, 0, 29}), extension(0, list(entries))));
    }

    private static byte[] build(List<byte[]> extensions) throws IOException {
        var all = new ByteArrayOutputStream();
        for (byte[] extension : extensions) {
            all.write(extension);
        }
        var body = new ByteArrayOutputStream();
        body.write(new byte[] {3, 3});
        body.write(new byte[32]);
        body.write(0);
        body.write(new byte[] {0, 2, 0x13, 1, 1, 0});
        body.write(sized(all.toByteArray(), 2));
        byte[] message = concat(new byte[] {1}, sized(body.toByteArray(), 3));
        return concat(new byte[] {22, 3, 1}, sized(message, 2));
    }

    private static byte[] extension(int type, byte[] content) {
        return concat(new byte[] {(byte) (type >> 8), (byte) type}, sized(content, 2));
    }

    private static byte[] list(byte[] entries) {
        return sized(entries, 2);
    }

    private static byte[] entry(int type, byte[] name) {
        return concat(new byte[] {(byte) type}, sized(name, 2));
    }

    private static byte[] sized(byte[] content, int bytes) {
        byte[] size = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            size[i] = (byte) (content.length >> 8 * (bytes - 1 - i));
        }
        return concat(size, content);
    }

    private static byte[] fragmented(byte[] hello, int piece) throws IOException {
        var out = new ByteArrayOutputStream();
        for (int at = 5; at < hello.length; at += piece) {
            byte[] part =
                    java.util.Arrays.copyOfRange(hello, at, Math.min(at + piece, hello.length));
            out.write(concat(new byte[] {22, 3, 1}, sized(part, 2)));
        }
        return out.toByteArray();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
    }
}

package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Applications that answer so as to be misunderstood, or to use up what is not theirs.
class PreviewHostileIT extends PreviewStage {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "HTTP/1.1",
                "hello there\r\n\r\n",
                "HTTP/0.9 200 OK\r\n\r\n",
                "HTTP/2 200\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n",
                "HTTP/1.1 2000 OK\r\n\r\n",
                "HTTP/1.1 099 OK\r\n\r\n",
                "HTTP/1.1  200 OK\r\n\r\n",
                "http/1.1 200 OK\r\n\r\n",
                "\r\nHTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\n\nhi",
                "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil=1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil=1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
                "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nevil",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nevil",
                "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nevil",
                "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nevil",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nevil",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nevil",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nevil",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nevil",
                "HTTP/1.1 100 Continue\r\nX: a\r\n",
                "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"
            })
    void answersThatAreNotPlainNeverReachTheClient(String answer) throws Exception {
        try (TestApp app = TestApp.answering(answer)) {
            show(app);
            assertThat(get(app.port(), "/"))
                    .startsWith("HTTP/1.1 502")
                    .contains("preview_bad_answer")
                    .doesNotContain("evil", "Set-Cookie");
        }
    }

    @Test
    void endlessHeadsAndAnnouncementsAreCut() throws Exception {
        TestApp.Behaviour endlessHead =
                (head, in, out) -> {
                    out.write("HTTP/1.1 200 OK\r\n".getBytes());
                    repeat(out, "X-Long: " + "a".repeat(8_000) + "\r\n");
                };
        TestApp.Behaviour manyFields =
                (head, in, out) -> {
                    String fields = "X: a\r\n".repeat(1_000);
                    out.write(("HTTP/1.1 200 OK\r\n" + fields + "\r\n").getBytes());
                };
        TestApp.Behaviour announcements =
                (head, in, out) -> repeat(out, "HTTP/1.1 103 Early Hints\r\nX: a\r\n\r\n");
        for (var behaviour : java.util.List.of(endlessHead, manyFields, announcements)) {
            try (var app = new TestApp(behaviour)) {
                show(app);
                assertThat(get(app.port(), "/")).startsWith("HTTP/1.1 502");
                assertThat(app.ended.poll(10, TimeUnit.SECONDS)).isNotNull();
            }
        }
    }

    private static void repeat(OutputStream out, String text) throws IOException {
        for (int i = 0; i < 100_000; i++) {
            out.write(text.getBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 10\r\n\r\nshort",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0;x\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nshortX\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nfffffffffffffffff\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\nX: a\n\r\n\r\n"
            })
    void aBodyThatBreaksOffIsNotTakenForWhole(String rest) throws Exception {
        try (TestApp app = TestApp.answering("HTTP/1.1 200 OK\r\n" + rest)) {
            show(app);
            String answer = raw(request(app.port(), "GET /"));
            assertThat(answer)
                    .startsWith("HTTP/1.1 200")
                    .contains("short")
                    .doesNotEndWith("0\r\n\r\n");
        }
    }

    @Test
    void whatComesAfterAnAnswerIsNobodys() throws Exception {
        String two =
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
                        + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
        try (TestApp app = TestApp.answering(two)) {
            show(app);
            try (Socket socket = open()) {
                for (int i = 0; i < 3; i++) {
                    socket.getOutputStream().write(request(app.port(), "GET /").getBytes());
                    assertThat(TestApp.readHead(socket.getInputStream()))
                            .contains("Content-Length: 2");
                    assertThat(new String(socket.getInputStream().readNBytes(2))).isEqualTo("hi");
                }
            }
        }
    }

    @Test
    void announcementsAreKeptFromTheClient() throws Exception {
        String answer =
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                        + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        try (TestApp app = TestApp.answering(answer)) {
            show(app);
            assertThat(get(app.port(), "/"))
                    .startsWith("HTTP/1.1 200")
                    .endsWith("hi")
                    .doesNotContain("103");
        }
    }

    @Test
    void aReasonOfControlCharactersIsDropped() throws Exception {
        try (TestApp app =
                TestApp.answering("HTTP/1.1 200 \u0007\u00ff\r\nContent-Length: 2\r\n\r\nhi")) {
            show(app);
            assertThat(get(app.port(), "/")).startsWith("HTTP/1.1 200 \r\n").endsWith("hi");
        }
    }

    @Test
    void aMalformedRequestNeverEndsWellInside() throws Exception {
        TestApp.Behaviour reading =
                (head, in, out) -> {
                    String body = new String(in.readAllBytes());
                    throw new IOException(body.contains("0\r\n\r\n") ? "whole" : "cut");
                };
        try (var app = new TestApp(reading)) {
            show(app);
            String head = request(app.port(), "POST /", "Transfer-Encoding: chunked");
            String answer = raw(head + "5\r\nhello\r\nzz\r\n" + request(app.port(), "GET /evil"));
            assertThat(answer).startsWith("HTTP/1.1 400");
            assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(2);
            assertThat(app.ended.poll(10, TimeUnit.SECONDS)).isEqualTo("broken: cut");
            assertThat(app.heads).hasSize(1);
        }
    }
}

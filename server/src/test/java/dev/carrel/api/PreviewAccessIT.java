package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.PortInfo;
import dev.carrel.wire.PortRequest;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Who sees a preview, and what of that the application and other hosts get to know.
class PreviewAccessIT extends PreviewStage {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

    @Test
    void aPrivatePortOpensToItsTokenOnly() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            PortInfo port = hide(app);
            String token = port.token().orElseThrow();
            assertThat(port.url()).isEqualTo("https://" + host(app.port()) + "/");
            assertThat(port.openingUrl()).isEqualTo(port.url() + "?carrel_token=" + token);

            assertThat(get(app.port(), "/"))
                    .startsWith("HTTP/1.1 401")
                    .contains("\"unauthorized\"");
            for (String wrong :
                    List.of("", "prv_x", token + "x", token.toUpperCase(), "x".repeat(9999))) {
                assertThat(get(app.port(), "/", "X-Carrel-Preview-Token: " + wrong))
                        .as(wrong)
                        .startsWith("HTTP/1.1 401");
                assertThat(get(app.port(), "/?carrel_token=" + wrong)).startsWith("HTTP/1.1 401");
                assertThat(get(app.port(), "/", "Cookie: carrel_preview=" + wrong))
                        .startsWith("HTTP/1.1 401");
            }
            assertThat(app.heads).isEmpty();
            assertThat(get(app.port(), "/", "X-Carrel-Preview-Token: " + token)).endsWith("hi");
            assertThat(get(app.port(), "/", "cookie: a=b; carrel_preview=" + token)).endsWith("hi");

            String fresh = hide(app).token().orElseThrow();
            assertThat(get(app.port(), "/", "X-Carrel-Preview-Token: " + token))
                    .as("after it was registered anew")
                    .startsWith("HTTP/1.1 401");
            assertThat(get(app.port(), "/", "X-Carrel-Preview-Token: " + fresh)).endsWith("hi");

            client.sandboxes().ports().remove(sandbox, app.port());
            assertThat(get(app.port(), "/", "X-Carrel-Preview-Token: " + fresh))
                    .startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void aTokenInTheAddressBecomesACookieOfThisHostAlone() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            String token = hide(app).token().orElseThrow();

            String answer = get(app.port(), "/a?x=1&carrel_token=" + token + "&y");
            assertThat(answer)
                    .startsWith("HTTP/1.1 302")
                    .contains("Location: https://" + host(app.port()) + "/a?x=1&y\r\n")
                    .contains("Cache-Control: no-store", "Referrer-Policy: no-referrer")
                    .contains(
                            "Set-Cookie: carrel_preview="
                                    + token
                                    + "; Path=/; HttpOnly; SameSite=Lax; Secure\r\n");
            assertThat(app.heads).isEmpty();
            assertThat(get(app.port(), "//evil.test/?carrel_token=" + token))
                    .contains("Location: https://" + host(app.port()) + "//evil.test/\r\n");
            assertThat(
                            raw(
                                    request(
                                                    app.port(),
                                                    "GET /?carrel_token=" + token,
                                                    "Connection: close")
                                            .replace("preview.test", "localhost:7")))
                    .contains(
                            "Location: http://"
                                    + host(app.port()).replace("preview.test", "localhost:7"))
                    .doesNotContain("Secure");
            // Where no browser goes, there is nowhere to send it: only the token is taken out.
            assertThat(
                            raw(
                                    request(
                                            app.port(),
                                            "POST /p?carrel_token=" + token,
                                            "Connection: close")))
                    .endsWith("hi");
            assertThat(app.head()).startsWith("POST /p HTTP/1.1\r\n");
        }
    }

    @Test
    void aNeighboursCookieLocksNobodyOut() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            String cookie = "carrel_preview=" + hide(app).token().orElseThrow();

            assertThat(get(app.port(), "/", "Cookie: carrel_preview=evil; " + cookie))
                    .endsWith("hi");
        }
    }

    @Test
    void theApplicationSeesNothingThatOpensDoors() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            String token = hide(app).token().orElseThrow();

            get(
                    app.port(),
                    "/x?carrel_token=wrong&a=b",
                    "X-Carrel-Preview-Token: " + token,
                    "Cookie: mine=1; carrel_preview=" + token + "; yours=2",
                    "Cookie: carrel_preview=" + token,
                    "Authorization: Bearer " + server.key,
                    "Referer: https://x.test/?carrel_token=" + token,
                    "X-Carrel-Other: 1");
            assertThat(app.head())
                    .startsWith("GET /x?a=b HTTP/1.1\r\n")
                    .contains("Cookie: mine=1; yours=2\r\n")
                    .doesNotContainIgnoringCase("carrel_")
                    .doesNotContainIgnoringCase("x-carrel")
                    .doesNotContain(token, server.key, "Authorization", "Referer");
            get(app.port(), "/", "X-Carrel-Preview-Token: " + token, "Authorization: Basic abc");
            assertThat(app.head()).contains("Authorization: Basic abc\r\n");
            get(app.port(), "/", "X-Carrel-Preview-Token: " + token, "Authorization: Bearer abc");
            assertThat(app.head()).contains("Authorization: Bearer abc\r\n");
        }
    }

    @Test
    void aKeyOfTheProjectOpensEveryPortAndNoOther() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            String own = "Authorization: Bearer " + server.key;
            assertThat(get(app.port(), "/", own)).endsWith("hi");
            assertThat(get(app.port(), "/", own, own)).startsWith("HTTP/1.1 401");
            server.store.write(handle ->
                    handle.execute("insert into projects (id, created_at) values ('other', 1)"));
            String other = server.keys.create(new ProjectId("other"), "x").secret();
            assertThat(get(app.port(), "/", "Authorization: Bearer " + other))
                    .startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void aPublicPortIsOpenUntilItIsNot() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            show(app);
            assertThat(get(app.port(), "/?carrel_token=x")).endsWith("hi");
            assertThat(app.head()).startsWith("GET / HTTP/1.1");
            hide(app);
            assertThat(get(app.port(), "/")).startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void portsAreListedAndBounded() throws Exception {
        String other = client.sandboxes().create(SandboxRequest.defaults()).id();
        var ports = client.sandboxes().ports();
        for (int port = 1; port <= 32; port++) {
            ports.register(other, PortRequest.of(port).withLabel("number " + port));
        }
        assertThat(refusal(() -> ports.register(other, PortRequest.of(33))).code())
                .isEqualTo(ErrorCode.CONFLICT);
        ports.register(other, PortRequest.of(32).openToAll());
        ports.remove(other, 31);

        assertThat(ports.list(other).data()).hasSize(31).allMatch(port -> port.token().isEmpty());
        assertThat(ports.list(other).data().getLast().isPublic()).isTrue();
        assertThat(ports.list(other).data().getFirst().label()).contains("number 1");
        assertThat(client.sandboxes().get(other).ports())
                .hasSize(31)
                .contains(32)
                .doesNotContain(31);
        assertThat(list("/v1/sandboxes?limit=1").path("data").path(0).path("ports")).hasSize(31);
        assertThat(refusal(() -> ports.remove(other, 31)).code())
                .isEqualTo(ErrorCode.PORT_NOT_FOUND);
        String path = "/v1/sandboxes/" + other + "/ports";
        for (String bad : List.of("0", "65536", "-1", "3.5", "\"3\"", "null")) {
            assertThat(call("POST", path, "{\"port\":" + bad + "}").statusCode())
                    .as(bad)
                    .isEqualTo(400);
        }
        assertThat(code(call("DELETE", path + "/x", ""))).isEqualTo("port_not_found");
        client.sandboxes().delete(other);
        assertThat(server.previews.numbers(ApiServer.PROJECT))
                .doesNotContainKey(new SandboxId(other));
        assertThat(refusal(() -> ports.list(other)).code()).isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    @Test
    void theApiIsNeverUnderAPreviewsHost() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            String key = "Authorization: Bearer " + server.key;
            for (String path : List.of("/v1/sandboxes", "/healthz", "/openapi.json", "/metrics")) {
                assertThat(get(app.port(), path, key)).as(path).endsWith("hi");
                assertThat(get(70_000, path, key)).as(path).startsWith("HTTP/1.1 404");
                assertThat(get(0, path, key)).as(path).startsWith("HTTP/1.1 404");
            }
            String unknown = request(3000, "GET /v1/sandboxes", key, "Connection: close");
            for (String host :
                    List.of(
                            "3000-sbx-gone.preview.test",
                            "03-sbx-x.localhost",
                            "3-sbx_x.y.localhost")) {
                assertThat(raw(unknown.replace(host(3000), host)))
                        .as(host)
                        .startsWith("HTTP/1.1 404")
                        .contains("not_found");
            }
            String api = raw(unknown.replace(host(3000), "127.0.0.1"));
            assertThat(api).startsWith("HTTP/1.1 200").contains(sandbox);
        }
    }

    @Test
    void cookiesOfTheApplicationReachNoOtherHost() throws IOException {
        String answer =
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                        + "Set-Cookie: a=1; Domain=preview.test; Path=/x; Secure\r\n"
                        + "Set-Cookie: b=2;domain=.test\r\n"
                        + "Set-Cookie: c=3; DOMAIN = localhost ;HttpOnly\r\n"
                        + "Set-Cookie: carrel_preview=evil; Path=/\r\n"
                        + "Set-Cookie: d=domain\r\n"
                        + "Alt-Svc: h3=\":1\"\r\n\r\n";
        try (TestApp app = TestApp.answering(answer)) {
            show(app);
            assertThat(get(app.port(), "/"))
                    .contains("Set-Cookie: a=1; Path=/x; Secure\r\n", "Set-Cookie: b=2\r\n")
                    .contains("Set-Cookie: c=3; HttpOnly\r\n", "Set-Cookie: d=domain\r\n")
                    .doesNotContain("evil", "Alt-Svc");
        }
    }
}

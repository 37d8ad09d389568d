package dev.carrel.api;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.wire.Json;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A server for the tests of one class, with a sandbox in it.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ApiStage {
    private static final String SCRIPT =
            """
            conversations:
              - when: "count"
                steps:
                  - text: "I count."
                    calls:
                      - {name: bash, arguments: {command: "echo one; echo two"}}
                  - expect: ["two"]
                    text: "Two lines."
              - when: "gate"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "until [ -e go ]; do sleep 0.02; done"}}
                  - text: "The gate is open."
              - when: "hurry"
                steps:
                  - text: "I hurry."
              - when: "wait"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "echo begun; sleep 30"}}
                  - text: "Done waiting."
            """;

    ApiServer server;
    CarrelClient client;
    String sandbox;
    Path home;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        home = folder;
        server = new ApiServer(home, SCRIPT);
        client = server.client();
        sandbox = client.sandboxes().create(SandboxRequest.defaults()).id();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    static CarrelException refusal(ThrowingCallable c) {
        return catchThrowableOfType(CarrelException.class, c);
    }

    HttpResponse<String> call(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(server.uri().resolve(path))
                        .header("Authorization", "Bearer " + server.key)
                        .method(method, BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    static String code(HttpResponse<String> response) throws IOException {
        return Json.lenient().readTree(response.body()).path("error").path("code").asText();
    }

    JsonNode list(String path) throws Exception {
        return Json.lenient().readTree(call("GET", path, "").body());
    }
}

package dev.carrel.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.FileInfo;
import dev.carrel.wire.UnpackInfo;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ArchiveApiIT extends ApiStage {
    private byte[] pack(String path) throws IOException {
        try (InputStream in = client.sandboxes().pack(sandbox, path)) {
            return in.readAllBytes();
        }
    }

    @Test
    void aTreeGoesOutAndInAgain() throws Exception {
        byte[] large = new byte[3 << 20];
        new Random(1).nextBytes(large);
        client.sandboxes().writeFile(sandbox, "/workspace/out/a/f", "x".getBytes(UTF_8));
        client.sandboxes().writeFile(sandbox, "/workspace/out/large", large);

        byte[] archive = pack("/workspace/out");
        UnpackInfo done =
                client.sandboxes()
                        .unpack(sandbox, "/workspace/in", new ByteArrayInputStream(archive));

        assertThat(done).isEqualTo(new UnpackInfo(3, large.length + 1));
        assertThat(client.sandboxes().listFiles(sandbox, "/workspace/in", true).data())
                .extracting(FileInfo::path)
                .containsExactly("/workspace/in/a", "/workspace/in/a/f", "/workspace/in/large");
        try (InputStream in = client.sandboxes().readFile(sandbox, "/workspace/in/large")) {
            assertThat(in.readAllBytes()).isEqualTo(large);
        }
    }

    @Test
    void theFormatIsAskedForByNameOrType() throws Exception {
        client.sandboxes().writeFile(sandbox, "/workspace/zip/f", "x".getBytes(UTF_8));
        String path = "/v1/sandboxes/" + sandbox + "/archive?path=/workspace/zip";
        for (var asked :
                List.of(
                        call("GET", path + "&format=zip", ""),
                        call("GET", path, "", "Accept", "application/zip"))) {
            assertThat(asked.headers().firstValue("content-type")).contains("application/zip");
            assertThat(asked.body()).startsWith("PK");
        }
        assertThat(code(call("GET", path + "&format=rar", ""))).isEqualTo("invalid_request");
    }

    @Test
    void failuresAreAnswers() throws Exception {
        String archive = "/v1/sandboxes/" + sandbox + "/archive";
        assertThat(code(call("GET", archive + "?path=/none", ""))).isEqualTo("file_not_found");
        assertThat(code(call("GET", archive + "?path=none", ""))).isEqualTo("invalid_path");
        assertThat(code(call("GET", archive + "?path=/proc/self", ""))).isEqualTo("invalid_path");
        HttpResponse<String> garbage = call("PUT", archive + "?path=/workspace/x", "garbage");
        assertThat(garbage.statusCode()).isEqualTo(400);
        assertThat(code(garbage)).isEqualTo("invalid_request");
        assertThat(code(call("PUT", archive + "?path=/workspace/x", "")))
                .isEqualTo("invalid_request");
        assertThat(call("HEAD", archive + "?path=/workspace", "").statusCode()).isEqualTo(200);
    }
}

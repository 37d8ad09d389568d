package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Every parameter of the API that is a path or becomes part of one, with every way to climb out of
/// it. Nothing of the host is read, written, listed or removed, and no answer is a server error.
class PathsIT extends AttackStage {
    private static final String SECRET = "marker-of-the-host-5f1c";

    private Path marker;
    private RawHttp http;

    @BeforeAll
    void plantMarker() throws IOException {
        marker = Files.createTempDirectory("carrel-marker-").resolve("secret");
        Files.writeString(marker, SECRET);
        http = new RawHttp(server.uri(), server.key());
    }

    @AfterAll
    void removeMarker() throws IOException {
        Files.delete(marker);
        Files.delete(marker.getParent());
    }

    /// The marker's path, reached from the root by all the ways that have worked on somebody.
    private List<String> climbs(String target) {
        var climbs = new ArrayList<String>();
        for (String up :
                List.of(
                        "..",
                        "%2e%2e",
                        "%2E.",
                        ".%2e",
                        "%252e%252e",
                        "..%00",
                        "..;",
                        "%c0%ae%c0%ae",
                        "%ef%bc%8e%ef%bc%8e",
                        "%e2%80%a5",
                        "..%5c..",
                        "....",
                        "%20..",
                        "..%20")) {
            for (String separator : List.of("/", "%2f", "%252f", "%5c", "//", "%c0%af")) {
                climbs.add((up + separator).repeat(12) + target.substring(1));
            }
        }
        for (String prefix :
                List.of(
                        "",
                        "/",
                        "//",
                        "proc/self/root",
                        "proc/1/root",
                        "proc/self/fd/3/../../..",
                        "proc/self/cwd/../../../..",
                        "dev/fd/3/..",
                        "workspace/link",
                        "workspace/abs",
                        "workspace/up",
                        "workspace/deep/er",
                        "file:",
                        "file%3a//",
                        "~",
                        "%2f",
                        "%5c",
                        "%00",
                        "./../",
                        "workspace/%2e/%2e%2e/%2e%2e")) {
            climbs.add(prefix + target);
        }
        return climbs;
    }

    @Test
    void noPathLeadsOutOfTheFilesOfASandbox() throws IOException {
        run(
                sandbox,
                "ln -s / link; ln -s %1$s abs; mkdir -p deep; ln -s ../../../../../../.. deep/er;"
                                .formatted(marker.getParent())
                        + " ln -s ../../../../../../../../ up");
        String files = "/v1/sandboxes/" + sandbox + "/files/";
        for (String climb : climbs(marker.toString())) {
            repelled("GET", files + climb, "");
            repelled("GET", files + climb + "?stat=true", "");
            repelled("DELETE", files + climb, "");
        }
        for (String climb : climbs(marker.getParent().toString())) {
            repelled("GET", files + climb + "?list=true&recursive=true", "");
            repelled("PUT", files + climb + "/written", "owned");
        }
    }

    @Test
    void noPathInAQueryOrBodyLeadsOut() throws IOException {
        String sandboxes = "/v1/sandboxes/" + sandbox;
        for (String climb : climbs(marker.getParent().toString())) {
            repelled("GET", sandboxes + "/archive?path=" + climb, "");
            repelled("PUT", sandboxes + "/archive?path=" + climb, "owned");
            String decoded = climb.replace("%2f", "/").replace("%2e", ".").replace("%00", "");
            for (String op : List.of("move", "copy", "chmod", "mkdir")) {
                String body =
                        "{\"destination\":\"/%s/written\",\"mode\":\"0777\"}".formatted(decoded);
                repelled("POST", sandboxes + "/files/workspace/x?op=" + op, body);
                repelled("POST", sandboxes + "/files/" + climb + "?op=" + op, body);
            }
            String command =
                    "{\"command\":[\"cat\",\"secret\"],\"cwd\":\"/%s\"}".formatted(decoded);
            repelled("POST", sandboxes + "/execute", command);
        }
    }

    @Test
    void noIdIsAPath() throws IOException {
        for (String id :
                List.of(
                        "..",
                        "%2e%2e",
                        "..%2f..%2fetc%2fpasswd",
                        "sbx_..%2f..",
                        "%2e%2e%2fcarrel.db",
                        "sbx_%00",
                        "sbx_a%2fb",
                        "%ff%fe",
                        "sbx_" + "a".repeat(300),
                        "*",
                        "'%20or%201=1")) {
            for (String target :
                    List.of(
                            "/v1/sandboxes/%s",
                            "/v1/sandboxes/%s/metrics",
                            "/v1/sandboxes/%s/files/etc/passwd",
                            "/v1/sandboxes/" + sandbox + "/executions/%s",
                            "/v1/sandboxes/" + sandbox + "/executions/%s/stream",
                            "/v1/snapshots/%s",
                            "/v1/images/%s",
                            "/v1/sessions/%s",
                            "/v1/agents/%s")) {
                String answer = http.send("GET", target.formatted(id), "");
                assertThat(RawHttp.status(answer)).as(target + " " + id).isBetween(400, 404);
                assertThat(answer).doesNotContain(SECRET, "root:x:0:0", server.home().toString());
            }
            // As an image, this one is a proper name of a registry's.
            String image = id.equals("sbx_a%2fb") ? "user" : "image";
            for (String field : List.of(image, "snapshot", "isolation", "name")) {
                String body = "{\"%s\":\"%s\"}".formatted(field, id.replace("%2f", "/"));
                String answer = http.send("POST", "/v1/sandboxes", body);
                if (RawHttp.status(answer) == 201) {
                    assertThat(field).isIn("name", "user");
                    String made = answer.replaceAll("(?s).*\"id\":\"(sbx_[^\"]+)\".*", "$1");
                    client.sandboxes().delete(made);
                } else {
                    assertThat(RawHttp.status(answer)).as(body).isBetween(400, 429);
                }
            }
        }
    }

    private void repelled(String method, String target, String body) throws IOException {
        String answer = http.send(method, target, body);
        String what = method + " " + target + " " + body;
        assertThat(answer).as(what).doesNotContain(SECRET);
        assertThat(RawHttp.status(answer)).as(what + "\n" + answer).isLessThan(500);
        assertThat(marker).as(what).hasContent(SECRET);
        assertThat(marker.resolveSibling("written")).as(what).doesNotExist();
    }
}

package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.FileChange;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.FileOperation;
import dev.carrel.wire.Json;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FileApiIT extends ApiStage {
    private String files;

    @BeforeEach
    void name() {
        files = "/v1/sandboxes/" + sandbox + "/files/workspace/";
    }

    private HttpResponse<String> get(String path, String... headers) throws Exception {
        return call("GET", files + path, "", headers);
    }

    @Test
    void oneRangeOfAFileIsRead() throws Exception {
        call("PUT", files + "ten", "0123456789");

        HttpResponse<String> part = get("ten", "Range", "bytes=2-4");
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("234");
        assertThat(part.headers().firstValue("content-range")).contains("bytes 2-4/10");
        assertThat(part.headers().firstValue("content-length")).contains("3");
        assertThat(get("ten", "Range", "bytes=7-").body()).isEqualTo("789");
        assertThat(get("ten", "Range", "bytes=-2").body()).isEqualTo("89");
        assertThat(get("ten", "Range", "bytes=5-99").body()).isEqualTo("56789");
        HttpResponse<String> behind = get("ten", "Range", "bytes=10-");
        assertThat(behind.statusCode()).isEqualTo(416);
        assertThat(behind.headers().firstValue("content-range")).contains("bytes */10");
        assertThat(code(behind)).isEqualTo("range_not_satisfiable");
        HttpResponse<String> several = get("ten", "Range", "bytes=0-1,3-4");
        assertThat(several.statusCode()).isEqualTo(200);
        assertThat(several.body()).isEqualTo("0123456789");
    }

    @Test
    void rangesOfLargeFilesAreStreamed() throws Exception {
        call("PUT", files + "large", "x".repeat(1 << 20) + "end");

        HttpResponse<String> part = get("large", "Range", "bytes=1-");
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).hasSize((1 << 20) + 2).endsWith("xend");
        HttpResponse<String> whole = get("large");
        assertThat(whole.headers().firstValue("content-length")).contains("1048579");
        assertThat(whole.body()).hasSize(1048579);
    }

    @Test
    void tagsTellWhetherAFileHasChanged() throws Exception {
        call("PUT", files + "tagged", "one");
        HttpResponse<String> first = get("tagged");
        String tag = first.headers().firstValue("etag").orElseThrow();
        String date = first.headers().firstValue("last-modified").orElseThrow();

        assertThat(first.headers().firstValue("accept-ranges")).contains("bytes");
        HttpResponse<String> same = get("tagged", "If-None-Match", "\"no\", " + tag);
        assertThat(same.statusCode()).isEqualTo(304);
        assertThat(same.body()).isEmpty();
        assertThat(get("tagged", "Range", "bytes=1-", "If-Range", tag).body()).isEqualTo("ne");
        assertThat(get("tagged", "Range", "bytes=1-", "If-Range", date).body()).isEqualTo("ne");
        call("PUT", files + "tagged", "other");
        assertThat(get("tagged", "If-None-Match", tag).body()).isEqualTo("other");
        assertThat(get("tagged", "Range", "bytes=1-", "If-Range", tag).body()).isEqualTo("other");
    }

    @Test
    void headTellsWhatGetWould() throws Exception {
        call("PUT", files + "small", "12345");
        call("PUT", files + "big", "x".repeat(300_000));

        for (var file : List.of(List.of("small", "5"), List.of("big", "300000"))) {
            HttpResponse<String> head = call("HEAD", files + file.getFirst(), "");
            assertThat(head.statusCode()).isEqualTo(200);
            assertThat(head.body()).isEmpty();
            assertThat(head.headers().firstValue("content-length")).contains(file.getLast());
            assertThat(head.headers().firstValue("etag")).isPresent();
        }
        assertThat(call("HEAD", files + "none", "").statusCode()).isEqualTo(404);
    }

    @Test
    void anEmptyFileIsAnAnswer() throws Exception {
        call("PUT", files + "empty", "");
        assertThat(get("empty").statusCode()).isEqualTo(200);
        assertThat(get("empty").body()).isEmpty();
        assertThat(get("empty", "Range", "bytes=0-").statusCode()).isEqualTo(416);
    }

    @Test
    void modeAndOwnerAreSetWithTheContent() throws Exception {
        HttpResponse<String> put =
                call("PUT", files + "run.sh?mode=0755&owner=12&group=34", "echo hi");
        FileInfo info = Json.lenient().readValue(put.body(), FileInfo.class);
        assertThat(info.mode()).isEqualTo("0755");
        assertThat(info.owner()).isEqualTo(12);
        assertThat(info.group()).isEqualTo(34);
        for (String bad : List.of("mode=9", "mode=-1", "mode=77777", "owner=x", "group=65536")) {
            assertThat(code(call("PUT", files + "bad?" + bad, "x")))
                    .as(bad)
                    .isEqualTo("invalid_request");
        }
        assertThat(get("bad").statusCode()).isEqualTo(404);
    }

    @Test
    void directoriesAreMadeMovedCopiedAndChanged() throws Exception {
        String id = sandbox;
        var calls = client.sandboxes();
        FileChange made = calls.makeDirectory(id, "/workspace/ops/a");
        assertThat(made.file().type()).isEqualTo("directory");
        calls.writeFile(id, "/workspace/ops/a/f", new byte[3]);
        FileChange copied =
                calls.copy(id, "/workspace/ops/a", FileOperation.to("/workspace/ops/b"));
        assertThat(copied.entries()).isEqualTo(2);
        assertThat(copied.file().path()).isEqualTo("/workspace/ops/b");
        calls.move(id, "/workspace/ops/b", FileOperation.to("/workspace/ops/x/y/c"));
        FileChange changed =
                calls.change(id, "/workspace/ops/x", FileOperation.ofMode("0700").withAllBelow());
        assertThat(changed.file().mode()).isEqualTo("0700");
        assertThat(calls.stat(id, "/workspace/ops/x/y/c/f").mode()).isEqualTo("0700");
        assertThat(
                        refusal(() ->
                                        calls.move(
                                                id,
                                                "/workspace/ops/a",
                                                FileOperation.to("/workspace/ops/x")))
                                .code())
                .isEqualTo(ErrorCode.CONFLICT);
        calls.move(id, "/workspace/ops/a", FileOperation.to("/workspace/ops/x").overwriting());
        assertThat(calls.listFiles(id, "/workspace/ops", true).data())
                .extracting(FileInfo::path)
                .containsExactly("/workspace/ops/x", "/workspace/ops/x/f");
    }

    @Test
    void operationsThatCannotBeAreRefused() throws Exception {
        call("PUT", files + "f", "x");
        for (String bad :
                List.of(
                        "op=fly {}",
                        "op= {}",
                        "op=move {}",
                        "op=copy {}",
                        "op=chmod {}",
                        "op=chmod {\"mode\":\"rwx\"}",
                        "op=chmod {\"mode\":\"0644\",\"owner\":-1}")) {
            String[] parts = bad.split(" ", 2);
            assertThat(code(call("POST", files + "f?" + parts[0], parts[1])))
                    .as(bad)
                    .isEqualTo("invalid_request");
        }
        assertThat(code(call("POST", files + "f?op=move", "{\"destination\":\"rel\"}")))
                .isEqualTo("invalid_path");
        assertThat(code(call("POST", files + "f?op=move", "{\"destination\":\"/\"}")))
                .isEqualTo("invalid_path");
        assertThat(code(call("POST", files + "none?op=copy", "{\"destination\":\"/x\"}")))
                .isEqualTo("file_not_found");
        assertThat(code(call("POST", files + "f?op=move", "{\"to\":\"/x\"}")))
                .isEqualTo("unknown_field");
    }

    @Test
    void aMoveIsDoneOnceForAKey() throws Exception {
        call("PUT", files + "once", "x");
        String body = "{\"destination\":\"/workspace/moved\"}";
        for (int i = 0; i < 2; i++) {
            HttpResponse<String> moved =
                    call("POST", files + "once?op=move", body, "Idempotency-Key", "move-once");
            assertThat(moved.statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aTreeIsListedInPages() throws Exception {
        for (String name : List.of("a/b/c", "a/b-c", "a/d", "e")) {
            call("PUT", files + "tree/" + name, "");
        }
        String path = files + "tree?list=true&recursive=true";
        var whole = new ArrayList<String>();
        list(path).path("data").forEach(entry -> whole.add(entry.path("path").asText()));
        var paged = new ArrayList<String>();
        Optional<String> cursor = Optional.of("");
        while (cursor.isPresent()) {
            String more = cursor.get().isEmpty() ? "" : "&cursor=" + cursor.get();
            JsonNode page = list(path + "&limit=1" + more);
            page.path("data").forEach(entry -> paged.add(entry.path("path").asText()));
            cursor = Optional.ofNullable(page.path("next_cursor").textValue());
        }
        assertThat(whole).hasSize(6).isEqualTo(paged);
        assertThat(code(call("GET", path + "&cursor=%21", ""))).isEqualTo("invalid_request");
    }
}

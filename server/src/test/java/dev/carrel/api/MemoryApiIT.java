package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.MemoryCalls;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import dev.carrel.tool.Memory;
import dev.carrel.wire.MemoryInfo;
import dev.carrel.wire.MemoryVersion;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MemoryApiIT extends ApiStage {
    private static final String USERS = "/v1/memory/users/";

    @Test
    void aTextIsWrittenReadChangedAndForgotten() throws Exception {
        MemoryCalls.Text memory = client.memory().agent("coder");
        MemoryInfo first = memory.put("# One\n", Optional.empty());
        assertThat(first.version()).isEqualTo(1);
        assertThat(first.updatedBy()).isEqualTo("api");
        assertThat(memory.get()).isEqualTo(first);
        MemoryInfo second = memory.put("two ä", Optional.of(first.tag()));
        assertThat(second.bytes()).isEqualTo(6);
        assertThat(memory.get(1).text()).contains("# One\n");
        assertThat(memory.versions()).extracting(MemoryVersion::version).containsExactly(2L, 1L);
        assertThat(refusal(() -> memory.put("three", Optional.of(first.tag()))).code())
                .isEqualTo(ErrorCode.PRECONDITION_FAILED);
        HttpResponse<String> raw = call("GET", "/v1/memory/agents/coder", "");
        assertThat(raw.headers().firstValue("ETag")).contains("\"" + second.tag() + "\"");
        memory.delete();
        assertThat(refusal(memory::get).code()).isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
        assertThat(refusal(memory::delete).code()).isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
    }

    @Test
    void anyUserHasAMemoryWhateverTheNameIs() throws Exception {
        for (String user : new String[] {"ada@example.com", "a/b", "..", "%2e", "ä b?c#d"}) {
            MemoryCalls.Text memory = client.memory().user(user);
            memory.put("of " + user, Optional.empty());
            assertThat(memory.get().text()).contains("of " + user);
            assertThat(memory.get().name()).contains(user);
        }
        JsonNode list = list("/v1/memory?limit=1000").path("data");
        assertThat(list).hasSizeGreaterThanOrEqualTo(5);
        assertThat(list.path(0).has("text") && !list.path(0).path("text").isNull()).isFalse();
        assertThat(code(call("PUT", USERS + "u".repeat(257), "{\"text\":\"x\"}")))
                .isEqualTo("invalid_request");
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        assertThat(refusal(() -> client.memory().agent("codr").put("x", Optional.empty())).text())
                .contains("coder");
        String tooLong = "x".repeat(Memory.BYTES_MAX + 1);
        assertThat(refusal(() -> client.memory().project().put(tooLong, Optional.empty())).code())
                .isEqualTo(ErrorCode.BODY_TOO_LARGE);
        assertThat(code(call("PUT", USERS + "x", "{\"text\":\"x\"}", "If-Match", "*")))
                .isEqualTo("invalid_request");
        assertThat(code(call("PUT", USERS + "x", "{\"txt\":\"x\"}"))).isEqualTo("unknown_field");
        assertThat(code(call("PUT", USERS + "x", "{\"text\":\"x\"}", "If-Match", "\"mem_x-1\"")))
                .isEqualTo("precondition_failed");
        assertThat(code(call("GET", USERS + "x?version=0", ""))).isEqualTo("invalid_request");
        assertThat(code(call("GET", "/v1/memory/agents", ""))).isEqualTo("not_found");
    }

    @Test
    void anotherProjectSeesNothingOfIt() {
        client.memory().user("planted").put("canary", Optional.empty());
        var other = new ProjectId("stranger");
        server.keys.ensureProject(other);
        var stranger = new CarrelClient(server.uri(), server.keys.create(other, "k").secret());
        assertThat(refusal(() -> stranger.memory().user("planted").get()).code())
                .isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
        assertThat(refusal(() -> stranger.memory().user("planted").versions()).code())
                .isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
        assertThat(refusal(() -> stranger.memory().user("planted").delete()).code())
                .isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
        assertThat(stranger.memory().list(50, Optional.empty()).data()).isEmpty();
        assertThat(client.memory().user("planted").get().text()).contains("canary");
    }
}

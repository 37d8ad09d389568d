package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxRequest;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Rules that name hosts, and secrets, hold for gVisor sandboxes as for others.
class GvisorNetworkIT extends InternetStage {
    private String gvisor(NetworkRules network) {
        return create(
                SandboxRequest.builder()
                        .isolation("gvisor")
                        .network(network)
                        .env(Map.of("KEY", "Bearer placeholder")));
    }

    @Test
    void namesDecide() {
        String id = gvisor(rules("good.example *.good.example", ""));
        assertThat(web(id, "http://good.example/")).contains("hello by http at " + internet.good);
        assertThat(web(id, "https://api.good.example/")).contains("hello by https");
        assertThat(web(id, "http://evil.example/")).contains("failed: 6");
        String known = "--resolve evil.example:80:" + internet.evil + " ";
        assertThat(web(id, known + "http://evil.example/")).endsWith("[403]");
        assertThat(datagram(id, internet.good, 9000)).isEmpty();
    }

    @Test
    void theHostGetsTheSecretAndTheProxyIsTrusted() throws Exception {
        String id = gvisor(secret("good.example", "Bearer secret-1"));
        assertThat(
                        run(
                                id,
                                "curl -sS -m 5 -o /dev/null -w '[%{http_code}]'"
                                        + " -H \"Authorization: $KEY\" https://good.example/one"))
                .isEqualTo("[200]");
        assertThat(internet.asked())
                .anyMatch(line -> line.contains("/one") && line.contains("secret-1"));
        client.sandboxes().pauseToDisk(id);
        assertThat(client.sandboxes().get(id).memorySaved()).isTrue();
        assertThat(web(id, "-H \"Authorization: $KEY\" https://good.example/two"))
                .endsWith("[200]");
        assertThat(internet.asked())
                .anyMatch(line -> line.contains("/two") && line.contains("secret-1"));
    }
}

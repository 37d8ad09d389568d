package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReferenceTest {
    private static final String HEX = "a".repeat(64);

    @ParameterizedTest
    @CsvSource({
        "python:3.13, docker.io/library/python:3.13",
        "docker.io/library/python, docker.io/library/python:latest",
        "index.docker.io/python:3, docker.io/library/python:3",
        "team/x, docker.io/team/x:latest",
        "ghcr.io/a/b/c:v1.2-rc, ghcr.io/a/b/c:v1.2-rc",
        "localhost/x, localhost/x:latest",
        "localhost:5000/x:1, localhost:5000/x:1",
        "127.0.0.1:5000/a__b/c-d.e, 127.0.0.1:5000/a__b/c-d.e:latest",
        "[::1]:5000/x, [::1]:5000/x:latest",
    })
    void namesAreReadAsEverywhere(String text, String canonical) {
        assertThat(Reference.parse(text).canonical()).isEqualTo(canonical);
        assertThat(Reference.parse(canonical).canonical()).isEqualTo(canonical);
    }

    @Test
    void digestWinsOverTheTag() {
        Reference reference = Reference.parse("python:3@sha256:" + HEX);

        assertThat(reference.wanted()).isEqualTo("sha256:" + HEX);
        assertThat(reference.canonical()).isEqualTo("docker.io/library/python@sha256:" + HEX);
        assertThat(reference.server()).isEqualTo("registry-1.docker.io");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/B:1",
                "a/../b:1",
                "a//b:1",
                "x:",
                ":1",
                "x@sha256:12",
                "x@md5:abc",
                "a b/c:1",
                "https://host/x:1",
                "host:99999999/x:1",
                "-host.x/x:1",
                "x:1/../..",
                "a/b:t?x=y",
                "user@host/x",
                "a/b:\u00e4",
                "a/b\n:1"
            })
    void whatIsNoNameIsRefused(String text) {
        assertThatThrownBy(() -> Reference.parse(text)).isInstanceOf(CarrelException.class);
    }

    @Test
    void longNamesAreRefusedAtOnce() {
        assertThatThrownBy(() -> Reference.parse("a/".repeat(100_000) + "x"))
                .hasMessageContaining("longer");
    }

    @Test
    void onlyRegistriesOfThisMachineGoWithoutTls() {
        assertThat(RegistryHttp.isLoopback("localhost:5000")).isTrue();
        assertThat(RegistryHttp.isLoopback("127.0.0.1")).isTrue();
        assertThat(RegistryHttp.isLoopback("[::1]:5000")).isTrue();
        assertThat(RegistryHttp.isLoopback("127.0.0.1.example.com")).isFalse();
        assertThat(RegistryHttp.isLoopback("localhost.example.com:5000")).isFalse();
    }

    @Test
    void proxiesAreTakenFromTheEnvironment() {
        URI hub = URI.create("https://registry-1.docker.io/v2/");
        Map<String, String> environment =
                Map.of("HTTPS_PROXY", "http://proxy.example:3128", "no_proxy", "intern.example");

        assertThat(HostProxy.of(hub, environment).toString()).contains("proxy.example");
        assertThat(HostProxy.of(hub, Map.of())).isEqualTo(java.net.Proxy.NO_PROXY);
        assertThat(HostProxy.of(URI.create("https://a.intern.example/"), environment))
                .isEqualTo(java.net.Proxy.NO_PROXY);
        assertThat(HostProxy.of(URI.create("http://127.0.0.1:5000/"), environment))
                .isEqualTo(java.net.Proxy.NO_PROXY);
    }
}

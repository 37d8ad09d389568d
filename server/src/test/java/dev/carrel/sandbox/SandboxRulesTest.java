package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SandboxRulesTest {
    private static final String PAST_LIMIT = "x".repeat(SandboxRules.ENV_VALUE_BYTES_MAX + 1);

    @Test
    void ordinarySpecPasses() {
        SandboxRules.check(
                spec("Büro 1", Map.of("PATH", "/bin", "_x1", ""), Map.of("k", "v"), 3600));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1A", "A-B", "A=B", "A\nB", "é", " A"})
    void namesOfVariablesAreChecked(String name) {
        refuse("env", () -> checkEnv(Map.of(name, "v")));
    }

    @Test
    void environmentIsBounded() {
        refuse("env", () -> checkEnv(Map.of("A", "nul\0")));
        refuse("env", () -> checkEnv(Map.of("A", PAST_LIMIT)));
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i <= SandboxRules.ENV_VARIABLES_MAX; i++) {
            many.put("V" + i, "");
        }
        refuse("env", () -> checkEnv(many));
        String half = "x".repeat(SandboxRules.ENV_VALUE_BYTES_MAX);
        refuse("env", () -> checkEnv(Map.of("A", half, "B", half)));
    }

    @Test
    void metadataIsBounded() {
        refuse("metadata", () -> checkMetadata(Map.of("", "v")));
        refuse("metadata", () -> checkMetadata(Map.of("k".repeat(65), "v")));
        refuse("metadata", () -> checkMetadata(Map.of("k", "v".repeat(1025))));
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i <= SandboxRules.METADATA_PAIRS_MAX; i++) {
            many.put("k" + i, "v");
        }
        refuse("metadata", () -> checkMetadata(many));
    }

    @Test
    void namesAndTimesAreChecked() {
        refuse("name", () -> check(spec(" ", Map.of(), Map.of(), 60)));
        refuse("name", () -> check(spec("a\u0007", Map.of(), Map.of(), 60)));
        refuse("ttl_seconds", () -> check(spec("a", Map.of(), Map.of(), 0)));
        refuse("ttl_seconds", () -> check(spec("a", Map.of(), Map.of(), -5)));
        refuse("ttl_seconds", () -> check(spec("a", Map.of(), Map.of(), 400 * 86_400)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "../etc", "a b", "-coding", ".hidden"})
    void imageIsAName(String image) {
        SandboxSpec defaults = SandboxSpec.defaults();
        refuse("image", () -> check(defaults.withImage(image)));
    }

    @Test
    void commandsAreChecked() {
        SandboxRules.check(request(List.of("echo", "", "ü"), "/workspace", Map.of(), "in"));
        refuse("command", () -> SandboxRules.check(request(List.of("a\0b"), "/", Map.of(), "")));
        String argument = "x".repeat(ExecutionRequest.COMMAND_BYTES_MAX / 2);
        refuse(
                "command",
                () ->
                        SandboxRules.check(
                                request(List.of("echo", argument, argument), "/", Map.of(), "")));
        refuse("env", () -> SandboxRules.check(request(List.of("a"), "/", Map.of("A B", ""), "")));
        String input = "x".repeat(ExecutionRequest.STDIN_BYTES_MAX + 1);
        refuse("stdin", () -> SandboxRules.check(request(List.of("a"), "/", Map.of(), input)));
    }

    @ParameterizedTest
    @ValueSource(strings = {" ", "workspace", "../x", "/a\0"})
    void workingDirectoryIsAbsolute(String cwd) {
        assertThatThrownBy(() -> SandboxRules.check(request(List.of("a"), cwd, Map.of(), "")))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_PATH);
                            assertThat(e.param()).contains("cwd");
                        });
    }

    private static void refuse(String param, Runnable check) {
        assertThatThrownBy(check::run)
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
                            assertThat(e.param()).contains(param);
                            assertThat(e.text()).startsWith(param);
                        });
    }

    private static void checkEnv(Map<String, String> env) {
        check(spec("a", env, Map.of(), 60));
    }

    private static void checkMetadata(Map<String, String> metadata) {
        check(spec("a", Map.of(), metadata, 60));
    }

    private static void check(SandboxSpec spec) {
        SandboxRules.check(spec);
    }

    private static SandboxSpec spec(
            String name, Map<String, String> env, Map<String, String> metadata, int ttlSeconds) {
        SandboxSpec defaults = SandboxSpec.defaults();
        return defaults.toBuilder()
                .name(Optional.of(name))
                .env(env)
                .metadata(metadata)
                .user(Optional.of("user"))
                .ttl(Optional.of(Duration.ofSeconds(ttlSeconds)))
                .owner(Optional.of("ses_1"))
                .build();
    }

    private static ExecutionRequest request(
            List<String> command, String cwd, Map<String, String> env, String stdin) {
        return new ExecutionRequest(command, cwd, env, stdin, Duration.ofSeconds(1), 1000);
    }
}

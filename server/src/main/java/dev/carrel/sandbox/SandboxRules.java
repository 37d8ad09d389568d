package dev.carrel.sandbox;

import static dev.carrel.error.ErrorCode.INVALID_PATH;
import static dev.carrel.error.ErrorCode.INVALID_REQUEST;

import dev.carrel.error.CarrelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What callers may ask for. Failures name the field as the API does, the limit and the value met.
final class SandboxRules {
    static final int NAME_CHARS_MAX = 100;
    static final int USER_CHARS_MAX = 256;
    static final int ENV_VARIABLES_MAX = 128;
    static final int ENV_VALUE_BYTES_MAX = 32 << 10;
    static final int ENV_BYTES_MAX = 64 << 10;
    static final int METADATA_PAIRS_MAX = 64;
    static final int METADATA_KEY_CHARS_MAX = 64;
    static final int METADATA_VALUE_CHARS_MAX = 1024;
    static final int PATH_BYTES_MAX = 4095;
    static final Duration TTL_MIN = Duration.ofSeconds(1);

    private static final Pattern IMAGE =
            Pattern.compile("[A-Za-z0-9\\[][A-Za-z0-9\\[\\]._:/@-]{0,511}");
    private static final Pattern ACCOUNT =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    private SandboxRules() {}

    static void check(SandboxSpec spec) {
        require(
                IMAGE.matcher(spec.image()).matches(),
                "image",
                "image must be the name of an image, such as coding or python:3.13");
        checkText("name", spec.name(), NAME_CHARS_MAX);
        checkText("user", spec.user(), USER_CHARS_MAX);
        checkEnv(spec.env());
        checkMetadata(spec.metadata());
        spec.ttl()
                .ifPresent(ttl ->
                        require(
                                ttl.compareTo(TTL_MIN) >= 0
                                        && ttl.compareTo(SandboxSpec.TTL_MAX) <= 0,
                                "ttl_seconds",
                                "ttl_seconds must be from %d to %d, not %d"
                                        .formatted(
                                                TTL_MIN.toSeconds(),
                                                SandboxSpec.TTL_MAX.toSeconds(),
                                                ttl.toSeconds())));
    }

    /// What callers may write on a snapshot or fork.
    static void checkLabels(Optional<String> name, Map<String, String> metadata) {
        checkText("name", name, NAME_CHARS_MAX);
        checkMetadata(metadata);
    }

    static void check(ExecutionRequest request) {
        long commandBytes = 0;
        for (String argument : request.command()) {
            requireNoNul("command", argument);
            commandBytes += bytes(argument) + 1;
        }
        require(
                commandBytes <= ExecutionRequest.COMMAND_BYTES_MAX,
                "command",
                "command has %d bytes; the limit is %d: put long input into stdin or a file"
                        .formatted(commandBytes, ExecutionRequest.COMMAND_BYTES_MAX));
        checkCwd(request.cwd());
        checkEnv(request.env());
        request.user()
                .ifPresent(user ->
                        require(
                                ACCOUNT.matcher(user).matches(),
                                "user",
                                "user must be a name or a number, with : and a group if need be"));
        require(
                bytes(request.stdin()) <= ExecutionRequest.STDIN_BYTES_MAX,
                "stdin",
                "stdin has more than %d bytes: write a file and read that"
                        .formatted(ExecutionRequest.STDIN_BYTES_MAX));
    }

    private static void checkCwd(String cwd) {
        boolean isPath =
                cwd.startsWith("/") && cwd.indexOf('\0') < 0 && bytes(cwd) <= PATH_BYTES_MAX;
        if (!isPath && !cwd.equals(ExecutionRequest.CWD_OF_IMAGE)) {
            throw CarrelException.ofParam(
                    INVALID_PATH,
                    "cwd",
                    "cwd must be an absolute path of at most " + PATH_BYTES_MAX + " bytes");
        }
    }

    private static void checkText(String field, Optional<String> text, int charsMax) {
        text.ifPresent(value ->
                require(
                        isPrintable(value, charsMax),
                        field,
                        field + " must have 1 to " + charsMax + " printable characters"));
    }

    private static void checkEnv(Map<String, String> env) {
        require(
                env.size() <= ENV_VARIABLES_MAX,
                "env",
                "env has " + env.size() + " variables; the limit is " + ENV_VARIABLES_MAX);
        long total = 0;
        for (Map.Entry<String, String> variable : env.entrySet()) {
            require(
                    VARIABLE.matcher(variable.getKey()).matches(),
                    "env",
                    "env has a name that is not one: use up to 128 letters, digits and _,"
                            + " not beginning with a digit");
            requireNoNul("env", variable.getValue());
            long size = bytes(variable.getValue());
            require(
                    size <= ENV_VALUE_BYTES_MAX,
                    "env",
                    "env variable %s has %d bytes; the limit is %d"
                            .formatted(variable.getKey(), size, ENV_VALUE_BYTES_MAX));
            total += size + variable.getKey().length();
        }
        require(
                total <= ENV_BYTES_MAX,
                "env",
                "env has " + total + " bytes in all; the limit is " + ENV_BYTES_MAX);
    }

    private static void checkMetadata(Map<String, String> metadata) {
        require(
                metadata.size() <= METADATA_PAIRS_MAX,
                "metadata",
                "metadata has %d pairs; the limit is %d"
                        .formatted(metadata.size(), METADATA_PAIRS_MAX));
        metadata.forEach((key, value) ->
                require(
                        isPrintable(key, METADATA_KEY_CHARS_MAX)
                                && value.length() <= METADATA_VALUE_CHARS_MAX,
                        "metadata",
                        "metadata keys have 1 to %d printable characters, values at most %d"
                                .formatted(METADATA_KEY_CHARS_MAX, METADATA_VALUE_CHARS_MAX)));
    }

    private static boolean isPrintable(String text, int charsMax) {
        return !text.isBlank()
                && text.length() <= charsMax
                && text.chars().noneMatch(Character::isISOControl);
    }

    private static void requireNoNul(String field, String text) {
        require(text.indexOf('\0') < 0, field, field + " must not contain NUL");
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void require(boolean condition, String field, String message) {
        if (!condition) {
            throw CarrelException.ofParam(INVALID_REQUEST, field, message);
        }
    }
}

package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.sandbox.CommandInput;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.OutputKept;
import dev.carrel.sandbox.OutputPlace;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.StdinRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What callers say about commands, as the domain says it.
final class ExecutionInputs {
    static final String LAST_EVENT_ID = "Last-Event-ID";

    private static final int ID_CHARS = 32;
    private static final Pattern PLACE = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})");

    private ExecutionInputs() {}

    /// With an `Idempotency-Key` the id follows from it and the request, so that a repeated call
    /// finds the command that the first one started even if the server died in between.
    static ExecutionId id(Request request) {
        return Idempotency.nameOf(request)
                .map(name -> new ExecutionId("exe_" + name.substring(0, ID_CHARS)))
                .orElseGet(ExecutionId::next);
    }

    static ExecutionRequest command(ExecuteRequest body) {
        if (body.cache().orElse(false)) {
            throw Inputs.notSupported("cache");
        }
        bounded(
                "command",
                String.join(" ", body.command().argv()),
                ExecutionRequest.COMMAND_BYTES_MAX);
        bounded("stdin", body.stdin().orElse(""), ExecutionRequest.STDIN_BYTES_MAX);
        boolean background = body.background().orElse(false);
        return Inputs.valid(() ->
                new ExecutionRequest(
                        body.command().argv(),
                        cwd(body.cwd()),
                        body.env(),
                        input(body, background),
                        timeout(body, background),
                        background
                                ? new OutputKept.Last()
                                : new OutputKept.First(ExecutionRequest.OUTPUT_BYTES_DEFAULT),
                        body.user()));
    }

    /// Where a command starts; who names no place leaves it to the image.
    static String cwd(Optional<String> named) {
        if (named.filter(String::isEmpty).isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_PATH, "cwd", "cwd must be an absolute path, not empty");
        }
        return named.orElse(ExecutionRequest.CWD_OF_IMAGE);
    }

    private static CommandInput input(ExecuteRequest body, boolean background) {
        boolean open = body.stdinOpen().orElse(background && body.stdin().isEmpty());
        if (open && body.stdin().isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "stdin_open",
                    "stdin is all the input there is; with stdin_open, send it when it runs");
        }
        return open ? new CommandInput.Open() : new CommandInput.Text(body.stdin().orElse(""));
    }

    private static Duration timeout(ExecuteRequest body, boolean background) {
        Duration byDefault =
                background ? ExecutionRequest.LIFE_MAX : ExecutionRequest.TIMEOUT_DEFAULT;
        Duration most = background ? ExecutionRequest.LIFE_MAX : ExecutionRequest.TIMEOUT_MAX;
        Duration timeout = body.timeoutSeconds().map(ExecutionInputs::duration).orElse(byDefault);
        if (!timeout.isPositive() || timeout.compareTo(most) > 0) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "timeout_seconds",
                    "timeout_seconds must be above 0 and at most " + most.toSeconds());
        }
        return timeout;
    }

    private static Duration duration(double seconds) {
        double millis = Math.ceil(seconds * 1000);
        return Duration.ofMillis(Double.isFinite(millis) ? (long) millis : -1);
    }

    private static void bounded(String field, String text, int bytesMax) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > bytesMax) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    field,
                    "%s has %d bytes, more than the limit of %d; write a file instead"
                            .formatted(field, bytes, bytesMax));
        }
    }

    /// From where on the outputs are wanted: as the query says, or as the last event that the
    /// client has seen.
    static OutputPlace place(Request request) {
        Optional<String> last = request.header(LAST_EVENT_ID);
        if (last.isPresent()) {
            Matcher matcher = PLACE.matcher(last.get());
            if (!matcher.matches()) {
                throw CarrelException.ofParam(
                        ErrorCode.INVALID_REQUEST,
                        LAST_EVENT_ID,
                        LAST_EVENT_ID + " must be the id of an event that this stream sent");
            }
            return new OutputPlace(
                    Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
        }
        return new OutputPlace(
                request.number("stdout_from", 0, 0, Long.MAX_VALUE),
                request.number("stderr_from", 0, 0, Long.MAX_VALUE));
    }

    static byte[] input(StdinRequest body) {
        if (body.text().isPresent() && body.base64().isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "base64", "send text or base64, not both");
        }
        byte[] bytes =
                body.base64()
                        .map(ExecutionInputs::decode)
                        .orElseGet(() -> body.text().orElse("").getBytes(StandardCharsets.UTF_8));
        if (bytes.length > Execution.INPUT_BYTES_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    body.text().isPresent() ? "text" : "base64",
                    "%d bytes are more than the %d that are taken at once; send them in parts"
                            .formatted(bytes.length, Execution.INPUT_BYTES_MAX));
        }
        return bytes;
    }

    private static byte[] decode(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "base64", "base64 must be valid base 64");
        }
    }
}

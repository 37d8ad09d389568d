package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// A script as it stands in its file: classes with fields, because Jackson knows the line of an
/// unknown key only in those. What is wrong with a value is told by its place.
@JsonNaming(SnakeCaseStrategy.class)
final class ScriptFile {
    @Nullable Long contextTokens;
    @Nullable List<Conversation> conversations;

    static final class Conversation {
        @Nullable String when;
        @Nullable List<Step> steps;
    }

    @JsonNaming(SnakeCaseStrategy.class)
    static final class Step {
        @Nullable List<String> expect;
        @Nullable String reasoning;
        @Nullable String text;
        @Nullable List<Call> calls;
        @Nullable Trouble error;
        long delayMs;
        long chunkDelayMs;
    }

    static final class Call {
        @Nullable String name;
        @Nullable JsonNode arguments;
    }

    static final class Trouble {
        @Nullable String code;
        @Nullable String message;
    }

    /// Fails with [IllegalArgumentException]; the message begins with the place.
    Script checked() {
        check(contextTokens == null || contextTokens > 0, "context_tokens must be above 0");
        return new Script(
                each("conversation ", conversations, ScriptFile::checked),
                contextTokens == null ? Long.MAX_VALUE : contextTokens);
    }

    private static Script.Conversation checked(Conversation conversation) {
        return new Script.Conversation(
                Optional.ofNullable(conversation.when).map(ScriptFile::regex),
                each("step ", conversation.steps, ScriptFile::checked));
    }

    private static Script.Step checked(Step step) {
        check(step.delayMs >= 0 && step.chunkDelayMs >= 0, "a delay must not be negative");
        return new Script.Step(
                orEmpty(step.expect).stream().map(ScriptFile::regex).toList(),
                Duration.ofMillis(step.delayMs),
                Duration.ofMillis(step.chunkDelayMs),
                outcome(step));
    }

    private static Script.Outcome outcome(Step step) {
        String text = Objects.requireNonNullElse(step.text, "");
        boolean answers = !text.isBlank() || !orEmpty(step.calls).isEmpty();
        if (step.error != null) {
            check(!answers && step.reasoning == null, "an error leaves nothing else to say");
            return checked(step.error);
        }
        check(answers, "needs text, calls or an error");
        return new Script.Answer(
                Objects.requireNonNullElse(step.reasoning, ""),
                text,
                orEmpty(step.calls).stream().map(ScriptFile::checked).toList());
    }

    private static Script.Call checked(Call call) {
        String name = Objects.requireNonNullElse(call.name, "");
        check(!name.isBlank(), "a call needs a name");
        return new Script.Call(
                name,
                switch (call.arguments) {
                    case null -> "{}";
                    case JsonNode node when node.isTextual() -> node.textValue();
                    case JsonNode node -> Json.write(node);
                });
    }

    private static Script.Trouble checked(Trouble trouble) {
        ErrorCode code =
                Arrays.stream(ErrorCode.values())
                        .filter(each -> each.wireName().equals(trouble.code))
                        .findFirst()
                        .orElse(null);
        if (code == null) {
            throw new IllegalArgumentException("there is no error code \"" + trouble.code + "\"");
        }
        String message = Objects.requireNonNullElse(trouble.message, "the script says so");
        return new Script.Trouble(code, message);
    }

    private static Pattern regex(String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "the regex /" + text + "/ is malformed: " + e.getDescription(), e);
        }
    }

    private static <T, R> List<R> each(
            String place, @Nullable List<T> from, Function<T, R> checked) {
        check(!orEmpty(from).isEmpty(), "needs at least one " + place.strip());
        var all = new ArrayList<R>();
        for (T each : orEmpty(from)) {
            try {
                check(each != null, "is empty");
                all.add(checked.apply(each));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        place + (all.size() + 1) + ": " + e.getMessage(), e);
            }
        }
        return all;
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}

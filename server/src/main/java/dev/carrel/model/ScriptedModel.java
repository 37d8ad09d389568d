package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// A model that says what a script tells it to: for demonstrations and tests. Only the model is
/// played; its tool calls really run, and a step can insist on what they answered.
///
/// It holds no state: which answer comes next follows from the messages of the request alone, so a
/// turn goes on in another process where it stopped. The latest user message that a conversation
/// matches chooses the first such conversation; the number of answers since then is the number of
/// steps done, unless the ids of their calls tell of more, since answers are missing that were
/// summed up. User messages that no conversation matches change nothing. After the last step the
/// call fails, so that a script whose turn should be over ends with a step without calls.
///
/// ```yaml
/// conversations:
///   - when: "fix .* tests"          # regex found in the user message; left out: any message
///     steps:
///       - reasoning: "First see what fails."
///         text: "Let me run the tests."
///         delay_ms: 0               # pause before the answer
///         chunk_delay_ms: 0         # pause before each streamed piece of it
///         calls:
///           - {name: bash, arguments: {command: "pytest -q"}}
///           - {name: read, arguments: "{\"path\": "}    # text is taken as it is, malformed too
///       - expect: ["2 failed"]      # each regex must be found in a result of the step before
///         text: "Two tests fail."
///   - steps:
///       - error: {code: model_unavailable, message: "out of order"}
/// ```
///
/// With `context_tokens: 6000` at the top, longer requests are refused as providers do.
///
/// Usage is made up from lengths, four characters a token; ids of calls count user messages, steps
/// and calls. Unmet expectations fail with `MODEL_BAD_ANSWER`, since what the script says next
/// would be a lie.
public final class ScriptedModel implements ChatModel {
    private static final int CHUNK_LENGTH = 24;
    private static final int CHARACTERS_PER_TOKEN = 4;
    private static final int QUOTED_MAX = 400;
    private static final Message.Assistant NOTHING =
            new Message.Assistant("", "", Optional.empty(), List.of());

    private final Script script;
    private final Pause pause;

    private ScriptedModel(Script script, Pause pause) {
        this.script = script;
        this.pause = pause;
    }

    /// Reads the script in `file`. Fails with `INVALID_DEFINITION`, naming file and line.
    public static ScriptedModel read(Path file) {
        String name = String.valueOf(file.getFileName());
        try {
            return parse(Files.readString(file), name);
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.INVALID_DEFINITION, "script " + name + " cannot be read", e);
        }
    }

    /// Reads the script `yaml`, which messages call `file`.
    public static ScriptedModel parse(String yaml, String file) {
        return parse(yaml, file, Pause.REAL);
    }

    static ScriptedModel parse(String yaml, String file, Pause pause) {
        return new ScriptedModel(ScriptReader.read(yaml, file), pause);
    }

    @Override
    public ChatAnswer chat(ChatRequest request, ChatListener listener, Cancellation cancellation) {
        cancellation.throwIfCancelled();
        requireFits(request);
        var place = ScriptPlace.find(script, request.messages());
        Script.Step step = place.step();
        for (Pattern expected : step.expect()) {
            if (place.results().stream().noneMatch(each -> expected.matcher(each).find())) {
                throw unexpected(place, expected);
            }
        }
        var heard = new AttemptListener(listener);
        try {
            pause(step.delay(), cancellation);
            return switch (step.outcome()) {
                case Script.Trouble trouble ->
                        throw new CarrelException(trouble.code(), trouble.message());
                case Script.Answer answer ->
                        answer(
                                request,
                                message(answer, place),
                                step.chunkDelay(),
                                heard,
                                cancellation);
            };
        } catch (Cancellation.CancelledException e) {
            long input = usage(request, NOTHING).inputTokens();
            long output = tokens(heard.received().length());
            listener.lost(new Taken(new Usage(input, output, 0, 0, 0), true));
            throw e;
        }
    }

    private ChatAnswer answer(
            ChatRequest request,
            Message.Assistant message,
            Duration chunkDelay,
            ChatListener listener,
            Cancellation cancellation) {
        tell(message, chunkDelay, listener, cancellation);
        var finish = message.toolCalls().isEmpty() ? FinishReason.STOP : FinishReason.TOOL_CALLS;
        return new ChatAnswer(message, finish, usage(request, message), request.model());
    }

    private void requireFits(ChatRequest request) {
        long max = script.contextTokens();
        long tokens = usage(request, NOTHING).inputTokens();
        if (tokens > max) {
            throw new CarrelException(
                    ErrorCode.MODEL_CONTEXT_OVERFLOW,
                    "prompt is too long: %d tokens > %d maximum".formatted(tokens, max));
        }
    }

    private static Message.Assistant message(Script.Answer answer, ScriptPlace place) {
        var calls = new ArrayList<ToolCall>();
        for (Script.Call call : answer.calls()) {
            String id = ScriptPlace.callId(place.userMessages(), place.number(), calls.size());
            calls.add(new ToolCall(id, call.name(), call.arguments()));
        }
        return new Message.Assistant(answer.text(), answer.reasoning(), Optional.empty(), calls);
    }

    private void tell(
            Message.Assistant message,
            Duration chunkDelay,
            ChatListener listener,
            Cancellation cancellation) {
        inChunks(message.reasoning(), listener::reasoning, chunkDelay, cancellation);
        inChunks(message.text(), listener::text, chunkDelay, cancellation);
        List<ToolCall> calls = message.toolCalls();
        for (int i = 0; i < calls.size(); i++) {
            int index = i;
            ToolCall call = calls.get(i);
            inChunks(
                    call.arguments(),
                    chunk -> listener.toolCall(index, call.id(), call.name(), chunk),
                    chunkDelay,
                    cancellation);
        }
    }

    private void inChunks(
            String text, Consumer<String> to, Duration chunkDelay, Cancellation cancellation) {
        for (int from = 0; from < text.length(); ) {
            pause(chunkDelay, cancellation);
            cancellation.throwIfCancelled();
            int end = Math.min(from + CHUNK_LENGTH, text.length());
            if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
                end++;
            }
            to.accept(text.substring(from, end));
            from = end;
        }
    }

    private void pause(Duration duration, Cancellation cancellation) {
        if (duration.isPositive()) {
            pause.pause(duration, cancellation);
        }
    }

    private static CarrelException unexpected(ScriptPlace place, Pattern expected) {
        String all = String.join("\n", place.results());
        String quoted = all.length() <= QUOTED_MAX ? all : all.substring(0, QUOTED_MAX) + "…";
        return new CarrelException(
                ErrorCode.MODEL_BAD_ANSWER,
                "the script expected /"
                        + expected
                        + "/ at step "
                        + place.number()
                        + ", the sandbox answered: "
                        + (quoted.isBlank() ? "nothing" : quoted));
    }

    private static Usage usage(ChatRequest request, Message.Assistant answer) {
        long input = request.system().length();
        for (Message message : request.messages()) {
            input += length(message);
        }
        long reasoning = answer.reasoning().length();
        return new Usage(tokens(input), tokens(length(answer)), 0, 0, tokens(reasoning));
    }

    private static long length(Message message) {
        return switch (message) {
            case Message.User user -> user.text().length();
            case Message.ToolResult result -> result.text().length();
            case Message.Assistant assistant ->
                    assistant.text().length()
                            + assistant.reasoning().length()
                            + assistant.toolCalls().stream()
                                    .mapToLong(call -> call.arguments().length())
                                    .sum();
        };
    }

    private static long tokens(long characters) {
        return (characters + CHARACTERS_PER_TOKEN - 1) / CHARACTERS_PER_TOKEN;
    }
}

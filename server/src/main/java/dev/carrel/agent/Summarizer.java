package dev.carrel.agent;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatListener;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import dev.carrel.model.RequestRefusedException;
import dev.carrel.model.TokenEstimate;
import dev.carrel.model.Usage;
import dev.carrel.tool.Excerpt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has the model sum up a conversation that becomes too long.
///
/// It is asked with the conversation itself first, whose beginning the provider has in its cache
/// and reads at a fraction of the price. When that is too long, or the answer is no summary, it is
/// asked once more with the conversation as one text, cut to what fits for certain.
final class Summarizer {
    static final String REQUEST =
            """
            [The conversation up to here comes close to what you can read at once, and will be \
            replaced by a summary of yours. Write it now; call no tools. You will go on from it \
            alone, so be exact: names, paths, commands, numbers, texts of errors. At most %d \
            words, in these sections:]

            # Task
            What the user wants, in the user's words where they matter, and what was added later.
            # Decisions
            What was decided and why; what was tried and did not work.
            # Files
            Each file that was read, made or changed, and what matters in it.
            # State
            What is done and checked, what fails, what runs in the background.
            # Next steps
            In order; first what you were about to do.\
            """;

    private static final Logger LOG = LoggerFactory.getLogger(Summarizer.class);
    private static final String SYSTEM =
            "You sum up the work of a software agent, so that it can go on from your summary"
                    + " alone.";
    private static final double PART_OF_REQUEST = 0.1;
    private static final int CHARS_A_TOKEN = 3;
    private static final int CHARS_A_WORD = 8;
    private static final int CHARS_MIN = 600;
    private static final int CHARS_MAX = 24_000;

    /// Of each message in the text of a conversation.
    private static final int MESSAGE_CHARS_MAX = 1_500;

    private final AgentDefinition agent;
    private final Toolbox toolbox;
    private final String system;

    /// What is no summary, be it that the model did not give one or a filter kept it back. So is a
    /// refusal of just that request.
    private static final Set<ErrorCode> NO_SUMMARY =
            Set.of(
                    ErrorCode.MODEL_CONTEXT_OVERFLOW,
                    ErrorCode.MODEL_BAD_ANSWER,
                    ErrorCode.MODEL_CONTENT_FILTERED);

    /// A summary, empty where the model gave none, and what it took.
    record Text(String text, Usage usage, Duration duration) {}

    Summarizer(AgentDefinition agent, Toolbox toolbox, String system) {
        this.agent = agent;
        this.toolbox = toolbox;
        this.system = system;
    }

    /// How long a summary may be where a request may have `requestTokens`; what is longer is cut.
    static int charsMax(long requestTokens) {
        double chars = requestTokens * PART_OF_REQUEST * CHARS_A_TOKEN;
        return (int) Math.clamp(chars, CHARS_MIN, CHARS_MAX);
    }

    static long tokensMax(long requestTokens) {
        return charsMax(requestTokens) / CHARS_A_TOKEN;
    }

    /// Sums up what stands before the newest `keptAnswers` answers. Fails as a model call does.
    Text write(ContextSize size, int keptAnswers, ModelCall call) {
        long start = System.nanoTime();
        int charsMax = charsMax(size.max());
        List<Message> messages = size.state().transcript().before(keptAnswers);
        var request = new Message.User(REQUEST.formatted(charsMax / CHARS_A_WORD));
        Optional<ChatAnswer> first =
                fits(size, keptAnswers, request)
                        ? summary(asItIs(size, messages, request, call.ref()), call)
                        : Optional.empty();
        Optional<ChatAnswer> found =
                first.or(() -> summary(asText(size, messages, request, call.ref()), call));
        return new Text(
                found.map(answer -> Excerpt.head(answer.message().text().strip(), charsMax))
                        .orElse(""),
                found.map(ChatAnswer::usage).orElse(Usage.NONE),
                Duration.ofNanos(System.nanoTime() - start));
    }

    private static boolean fits(ContextSize size, int keptAnswers, Message request) {
        long estimate =
                size.fixed()
                        + size.state().transcript().tokensBefore(keptAnswers)
                        + TokenEstimate.of(request);
        return size.counted(estimate) <= size.max();
    }

    private static Optional<ChatAnswer> summary(ChatRequest request, ModelCall call) {
        try {
            return Optional.of(call.chat(request, ChatListener.NONE))
                    .filter(answer -> isSummary(answer, call));
        } catch (CarrelException e) {
            if (!(e instanceof RequestRefusedException) && !NO_SUMMARY.contains(e.code())) {
                throw new CarrelException(
                        e.code(),
                        "the conversation has become too long, and the call for a summary of it"
                                + " failed: "
                                + e.text(),
                        e);
            }
            LOG.info("model {} gave no summary: {}", call.ref(), e.text());
            LOG.debug("the same in detail", e);
            return Optional.empty();
        }
    }

    private ChatRequest asItIs(
            ContextSize size, List<Message> messages, Message request, ModelRef ref) {
        List<Message> all = new ArrayList<>(messages);
        all.add(request);
        CallInvariant.check(all);
        return new ChatRequest(
                ref.model(),
                system,
                all,
                toolbox.specs(size.state().callerTools()),
                agent.reasoning());
    }

    private static ChatRequest asText(
            ContextSize size, List<Message> messages, Message.User request, ModelRef ref) {
        var text = new StringBuilder();
        messages.forEach(message -> text.append(line(message)).append('\n'));
        int charsMax = (int) Math.min(size.max() * CHARS_A_TOKEN / 2, 2_000_000);
        String all = Excerpt.middle(text.toString(), charsMax) + "\n" + request.text();
        return new ChatRequest(
                ref.model(), SYSTEM, List.of(new Message.User(all)), List.of(), Reasoning.OFF);
    }

    private static String line(Message message) {
        return switch (message) {
            case Message.User user -> "USER: " + cut(user.text());
            case Message.ToolResult result ->
                    "RESULT of " + result.toolName() + ": " + cut(result.text());
            case Message.Assistant said -> {
                var text = new StringBuilder("AGENT: ").append(cut(said.text()));
                said.toolCalls()
                        .forEach(call ->
                                text.append("\nCALL ")
                                        .append(call.name())
                                        .append(' ')
                                        .append(cut(call.arguments())));
                yield text.toString();
            }
        };
    }

    private static String cut(String text) {
        return Excerpt.middle(text, MESSAGE_CHARS_MAX);
    }

    /// What any other answer took is lost.
    private static boolean isSummary(ChatAnswer answer, ModelCall call) {
        boolean summary =
                !answer.message().text().isBlank()
                        && answer.message().toolCalls().isEmpty()
                        && answer.finish() == FinishReason.STOP;
        if (!summary) {
            call.losses().add(answer.usage());
        }
        return summary;
    }
}

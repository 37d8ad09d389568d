package dev.carrel.model;

import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// What every [ChatModel] promises.
abstract class ChatModelContract {
    static final String LONG = "Grüße aus dem Wald, in dem 木 und 🌲 stehen. ".repeat(5);

    final RecordingListener listener = new RecordingListener();
    final Cancellation cancellation = new Cancellation();

    /// A model whose next answer is this one.
    abstract ChatModel saying(Message.Assistant answer);

    static Message.Assistant said(String reasoning, String text, ToolCall... calls) {
        return new Message.Assistant(text, reasoning, Optional.empty(), List.of(calls));
    }

    private ChatAnswer ask(Message.Assistant answer) {
        return saying(answer).chat(request(user("Hello")), listener, cancellation);
    }

    @Test
    void answersWithText() {
        ChatAnswer answer = ask(said("", LONG));

        assertThat(answer.message().text()).isEqualTo(LONG);
        assertThat(answer.message().toolCalls()).isEmpty();
        assertThat(answer.finish()).isEqualTo(FinishReason.STOP);
        assertThat(answer.model()).isNotEmpty();
        assertThat(answer.usage().inputTokens()).isPositive();
        assertThat(answer.usage().outputTokens()).isPositive();
    }

    @Test
    void answersWithReasoningTextAndParallelCalls() {
        ChatAnswer answer =
                ask(
                        said(
                                "First look, then act.",
                                "Looking.",
                                new ToolCall("a", "bash", "{\"command\":\"ls\"}"),
                                new ToolCall("b", "read", "{\"path\":\"ä.txt\"}")));

        assertThat(answer.message().text()).isEqualTo("Looking.");
        assertThat(answer.message().reasoning()).isEqualTo("First look, then act.");
        assertThat(answer.finish()).isEqualTo(FinishReason.TOOL_CALLS);
        assertThat(answer.message().toolCalls())
                .extracting(ToolCall::name, ToolCall::arguments)
                .containsExactly(
                        tuple("bash", "{\"command\":\"ls\"}"),
                        tuple("read", "{\"path\":\"ä.txt\"}"));
        assertThat(answer.message().toolCalls())
                .extracting(ToolCall::id)
                .doesNotHaveDuplicates()
                .noneMatch(String::isBlank);
    }

    @Test
    void whatTheListenerHeardAddsUpToTheAnswer() {
        ChatAnswer answer =
                ask(said(LONG, LONG, new ToolCall("a", "bash", "{\"command\":\"" + LONG + "\"}")));

        assertThat(listener.heard(answer.message())).isEqualTo(answer.message());
        assertThat(listener.restarts).isZero();
    }

    @Test
    void malformedArgumentsComeAsTheyAre() {
        ChatAnswer answer = ask(said("", "", new ToolCall("a", "bash", "{\"command\": ls")));

        assertThat(answer.message().toolCalls().getFirst().arguments())
                .isEqualTo("{\"command\": ls");
    }

    @Test
    void doesNotBeginWhenCancelled() {
        cancellation.cancel();

        assertThatThrownBy(() -> ask(said("", "Hello.")))
                .isInstanceOf(Cancellation.CancelledException.class);
        assertThat(listener.pieces).isZero();
    }

    @Test
    void cancelledInTheMiddleItsAnswerDoesNotCount() {
        var lost = new ArrayList<Taken>();
        var first =
                new ChatListener() {
                    @Override
                    public void text(String delta) {
                        cancellation.cancel();
                    }

                    @Override
                    public void lost(Taken taken) {
                        lost.add(taken);
                    }
                };
        ChatModel model = saying(said("", LONG));

        assertThatThrownBy(() -> model.chat(request(user("Hello")), first, cancellation))
                .isInstanceOf(Cancellation.CancelledException.class);
        assertThat(lost).hasSize(1);
        assertThat(lost.getFirst().usage().inputTokens()).isPositive();
        assertThat(lost.getFirst().usage().outputTokens()).isPositive();
    }
}

package dev.carrel.worker;

import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatListener;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/// A model whose answers are code of the test.
final class PlayedModel implements ChatModel {
    /// Gives the answer to a request.
    interface Part {
        ChatAnswer answer(ChatRequest request) throws InterruptedException;
    }

    final List<ChatRequest> requests = new CopyOnWriteArrayList<>();
    private final Part part;

    PlayedModel(Part part) {
        this.part = part;
    }

    /// Answers each request with the last user message in upper case.
    static PlayedModel echo() {
        return new PlayedModel(request -> text(lastUserText(request).toUpperCase()));
    }

    static String lastUserText(ChatRequest request) {
        return request.messages().stream()
                .filter(Message.User.class::isInstance)
                .map(message -> ((Message.User) message).text())
                .reduce("", (before, after) -> after);
    }

    static long toolResults(ChatRequest request) {
        return request.messages().stream().filter(Message.ToolResult.class::isInstance).count();
    }

    static ChatAnswer text(String text) {
        return answer(text, List.of());
    }

    static ChatAnswer call(String id, String tool, String arguments) {
        return answer("", List.of(new ToolCall(id, tool, arguments)));
    }

    private static ChatAnswer answer(String text, List<ToolCall> calls) {
        return new ChatAnswer(
                new Message.Assistant(text, "", Optional.empty(), calls),
                calls.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_CALLS,
                new Usage(10, 5, 0, 0, 0),
                "played");
    }

    @Override
    public ChatAnswer chat(ChatRequest request, ChatListener listener, Cancellation cancellation) {
        requests.add(request);
        cancellation.throwIfCancelled();
        try {
            return part.answer(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Cancellation.CancelledException();
        }
    }
}

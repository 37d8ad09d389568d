package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.ExecutionId;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// What a pid 1 was asked and has not answered yet. Any thread asks, the one that reads the
/// connection answers.
final class InitQuestions {
    /// With the frame that asks, because it is asked again over the next connection.
    record Start(ByteBuffer frame, CompletableFuture<InitMessage> answer) {}

    private final Map<ExecutionId, Start> starts = new ConcurrentHashMap<>();
    private final Map<ExecutionId, CompletableFuture<InitMessage.Taken>> inputs =
            new ConcurrentHashMap<>();

    // Guarded by this, in the order of the frames sent: answers carry no id of their own. A
    // question is answered with nothing when the connection broke.
    private final Queue<CompletableFuture<Optional<Set<ExecutionId>>>> lists = new ArrayDeque<>();

    /// The same question, if it is being asked; else this one is from now on.
    Optional<Start> add(ExecutionId id, Start question) {
        return Optional.ofNullable(starts.putIfAbsent(id, question));
    }

    void remove(ExecutionId id, Start question) {
        starts.remove(id, question);
    }

    /// False while other input of the execution has no answer.
    boolean add(ExecutionId id, CompletableFuture<InitMessage.Taken> question) {
        return inputs.putIfAbsent(id, question) == null;
    }

    void remove(ExecutionId id, CompletableFuture<InitMessage.Taken> question) {
        inputs.remove(id, question);
    }

    /// `sending` sends its frame; if that fails, nothing was asked.
    synchronized void add(
            CompletableFuture<Optional<Set<ExecutionId>>> question, Runnable sending) {
        sending.run();
        lists.add(question);
    }

    /// What is to be asked again over a new connection, once `unsending` has taken back the lists
    /// that were not sent. Input is not: it may have been taken, and fails with `broken`.
    synchronized List<ByteBuffer> begin(Runnable unsending, Supplier<RuntimeException> broken) {
        unsending.run();
        lists.forEach(question -> question.complete(Optional.empty()));
        lists.clear();
        inputs.values().forEach(question -> question.completeExceptionally(broken.get()));
        return starts.values().stream().map(Start::frame).toList();
    }

    void answer(ExecutionId id, InitMessage answer) {
        Start question = starts.get(id);
        if (question != null) {
            question.answer().complete(answer);
        }
    }

    void answer(InitMessage.Taken answer) {
        CompletableFuture<InitMessage.Taken> question = inputs.get(answer.id());
        if (question != null) {
            question.complete(answer);
        }
    }

    void answer(InitMessage.Listed listed) {
        CompletableFuture<Optional<Set<ExecutionId>>> question;
        synchronized (this) {
            question = lists.poll();
        }
        if (question != null) {
            question.complete(Optional.of(listed.ids()));
        }
    }

    synchronized void fail(Supplier<RuntimeException> why) {
        starts.values().forEach(question -> question.answer().completeExceptionally(why.get()));
        inputs.values().forEach(question -> question.completeExceptionally(why.get()));
        lists.forEach(question -> question.completeExceptionally(why.get()));
        lists.clear();
    }
}

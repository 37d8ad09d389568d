package dev.carrel.model;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a [ScriptedModel] says, and how long a request it takes.
record Script(List<Conversation> conversations, long contextTokens) {
    Script {
        conversations = List.copyOf(conversations);
    }

    /// Answers to user messages that `when` finds something in.
    record Conversation(Optional<Pattern> when, List<Step> steps) {
        Conversation {
            steps = List.copyOf(steps);
        }

        boolean matches(String userText) {
            return when.isEmpty() || when.get().matcher(userText).find();
        }
    }

    /// One model call: first a check of what the tools answered, then an answer or an error.
    record Step(List<Pattern> expect, Duration delay, Duration chunkDelay, Outcome outcome) {
        Step {
            expect = List.copyOf(expect);
        }
    }

    sealed interface Outcome {}

    record Answer(String reasoning, String text, List<Call> calls) implements Outcome {
        Answer {
            calls = List.copyOf(calls);
        }
    }

    record Trouble(ErrorCode code, String message) implements Outcome {}

    /// `arguments` is the text as the model writes it.
    record Call(String name, String arguments) {}
}

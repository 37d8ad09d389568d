package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Where in its script a conversation is: the step to play, its number from 1, what the tools of
/// the step before answered, and how many user messages there are so far.
record ScriptPlace(Script.Step step, int number, List<String> results, int userMessages) {
    ScriptPlace {
        results = List.copyOf(results);
    }

    /// Fails with `MODEL_BAD_ANSWER` when no conversation matches or the matching one is over.
    static ScriptPlace find(Script script, List<Message> messages) {
        var results = new ArrayList<String>();
        int done = 0;
        for (int i = messages.size() - 1; i >= 0; i--) {
            switch (messages.get(i)) {
                case Message.Assistant _ -> done++;
                case Message.ToolResult result -> {
                    if (done == 0) {
                        results.addFirst(result.text());
                    }
                }
                case Message.User user -> {
                    Optional<Script.Conversation> found =
                            script.conversations().stream()
                                    .filter(each -> each.matches(user.text()))
                                    .findFirst();
                    if (found.isPresent()) {
                        int userMessages = userMessages(messages.subList(0, i + 1));
                        return new ScriptPlace(
                                step(found.get(), done), done + 1, results, userMessages);
                    }
                }
            }
        }
        throw new CarrelException(
                ErrorCode.MODEL_BAD_ANSWER,
                "the script has no conversation that matches the user's message");
    }

    private static Script.Step step(Script.Conversation conversation, int done) {
        int steps = conversation.steps().size();
        if (done >= steps) {
            throw new CarrelException(
                    ErrorCode.MODEL_BAD_ANSWER,
                    "the script has no more steps: all " + steps + " are done");
        }
        return conversation.steps().get(done);
    }

    private static int userMessages(List<Message> messages) {
        return (int) messages.stream().filter(Message.User.class::isInstance).count();
    }
}

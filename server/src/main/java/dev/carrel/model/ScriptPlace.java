package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where in its script a conversation is: the step to play, its number from 1, what the tools of
/// the step before answered, and how many user messages there are so far.
record ScriptPlace(Script.Step step, int number, List<String> results, int userMessages) {
    private static final Pattern CALL_ID = Pattern.compile("call_\\d{1,9}_(\\d{1,9})_");

    ScriptPlace {
        results = List.copyOf(results);
    }

    /// Fails with `MODEL_BAD_ANSWER` when no conversation matches or the matching one is over.
    static ScriptPlace find(Script script, List<Message> messages) {
        var results = new ArrayList<String>();
        int done = 0;
        int doneByIds = 0;
        for (int i = messages.size() - 1; i >= 0; i--) {
            switch (messages.get(i)) {
                case Message.Assistant said -> {
                    done++;
                    doneByIds = Math.max(doneByIds, step(said));
                }
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
                        int all = Math.max(done, doneByIds);
                        return new ScriptPlace(
                                step(found.get(), all), all + 1, results, userMessages);
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

    static String callId(int userMessages, int step, int call) {
        return "call_" + userMessages + "_" + step + "_" + call;
    }

    /// Which step an answer was, by the ids of its calls: when answers before it were summed up,
    /// counting does not tell. 0 when it has no calls.
    private static int step(Message.Assistant said) {
        return said.toolCalls().stream()
                .map(call -> CALL_ID.matcher(call.id()))
                .filter(Matcher::lookingAt)
                .mapToInt(matcher -> Integer.parseInt(matcher.group(1)))
                .max()
                .orElse(0);
    }

    private static int userMessages(List<Message> messages) {
        return (int) messages.stream().filter(Message.User.class::isInstance).count();
    }
}

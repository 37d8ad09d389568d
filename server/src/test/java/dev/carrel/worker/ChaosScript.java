package dev.carrel.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/// What the model says in a session of the chaos tests. It follows from the messages alone.
final class ChaosScript {
    record Call(String id, String tool, String arguments) {}

    record Answer(String text, List<Call> calls) {}

    /// The lines of `effects` in the sandbox, by the call that writes each.
    static final Map<String, String> EFFECTS =
            Map.of("b1", "c_build_1_0", "bg", "c_build_2_0", "b2", "c_build_3_0");

    /// The call that puts `beta` into `notes`.
    static final String EDIT = "c_build_1_2";

    static final List<String> TURNS = List.of("build", "check");

    private static final String AWAIT_BACKGROUND =
            "for i in $(seq 100); do grep -q bg effects && break; sleep 0.05; done; sort effects";

    private ChaosScript() {}

    static Answer answer(JsonNode messages) {
        String task = "";
        int step = 0;
        for (JsonNode message : messages) {
            switch (message.path("role").asText()) {
                case "user" -> {
                    task = message.path("content").asText();
                    step = 0;
                }
                case "assistant" -> step++;
                default -> {}
            }
        }
        return step(task, step);
    }

    private static Answer step(String task, int step) {
        return switch (task + " " + step) {
            case "build 0" ->
                    say(
                            task,
                            step,
                            "First I look around in here.",
                            "list {'path': '.'}",
                            "glob {'pattern': '*.none'}",
                            "read {'path': 'missing'}");
            case "build 1" ->
                    say(
                            task,
                            step,
                            "",
                            "bash {'command': 'echo b1 >> effects; echo did b1'}",
                            "write {'path': 'notes', 'content': 'alpha\\nomega\\n'}",
                            "edit {'path': 'notes', 'old_string': 'omega', 'new_string':"
                                    + " 'beta\\nomega'}",
                            "read {'path': 'notes'}");
            case "build 2" ->
                    say(
                            task,
                            step,
                            "",
                            "bash {'command': '(sleep 0.2; echo bg >> effects) >/dev/null 2>&1 &"
                                    + " echo started'}");
            case "build 3" ->
                    say(task, step, "", "bash {'command': 'echo b2 >> effects; echo did b2'}");
            case "check 0" -> say(task, step, "", "bash {'command': '" + AWAIT_BACKGROUND + "'}");
            default -> say(task, step, "The work of " + task + " is done.");
        };
    }

    private static Answer say(String task, int step, String text, String... calls) {
        var made = new java.util.ArrayList<Call>();
        for (String call : calls) {
            int space = call.indexOf(' ');
            made.add(
                    new Call(
                            "c_" + task + "_" + step + "_" + made.size(),
                            call.substring(0, space),
                            call.substring(space + 1).replace('\'', '"')));
        }
        return new Answer(text, made);
    }
}

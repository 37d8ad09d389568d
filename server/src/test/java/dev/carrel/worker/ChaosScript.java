package dev.carrel.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// What the model says in a session of the chaos tests. It follows from the messages alone.
final class ChaosScript {
    record Call(String id, String tool, String arguments) {}

    record Answer(String text, List<Call> calls) {}

    /// The lines of `effects` in the sandbox.
    static final List<String> EFFECTS = List.of("b1", "bg", "b2", "push");

    static final String IN_BACKGROUND = "bg";

    /// What waits for somebody's word, and the call that gets a no.
    static final List<String> APPROVE = List.of("bash(echo push*)", "bash(echo drop*)");

    static final String DENIED = "c_check_1_1";

    /// The outputs of the last calls do not fit into it together.
    static final String WINDOW_TOKENS = "9000";

    /// The call that puts `beta` into `notes`.
    static final String EDIT = "c_build_1_2";

    static final List<String> TURNS = List.of("build", "check");

    private static final List<String> TASKS = List.of("build", "check", "more");

    private static final String AWAIT_BACKGROUND =
            "for i in $(seq 100); do grep -q bg effects && break; sleep 0.05; done; sort effects";

    private ChaosScript() {}

    /// Where the session is follows from the newest call, which no compaction takes away.
    static Answer answer(JsonNode messages) {
        String task = "";
        int step = 0;
        for (JsonNode message : messages) {
            String text = message.path("content").asText();
            String newest = message.path("tool_calls").path(0).path("id").asText();
            if (text.contains("a summary of yours")) {
                return new Answer("A summary of what was done.", List.of());
            }
            if (message.path("role").asText().equals("user") && TASKS.contains(text)) {
                task = text;
                step = 0;
            } else if (!newest.isEmpty()) {
                String[] parts = newest.split("_");
                task = parts[1];
                step = Integer.parseInt(parts[2]) + 1;
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
            case "check 1" ->
                    say(
                            task,
                            step,
                            "",
                            "bash {'command': 'echo push >> effects; echo pushed'}",
                            "bash {'command': 'echo drop >> effects; echo dropped'}");
            case "check 2", "check 3", "check 4" ->
                    say(task, step, "", "bash {'command': 'seq 1000 2000'}");
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

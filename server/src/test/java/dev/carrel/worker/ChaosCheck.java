package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Whether what a run left could have been left by one in which nothing went wrong.
final class ChaosCheck {
    private static final Set<String> OF_THE_RUN =
            Set.of("time", "turn", "duration_ms", "usage", "snapshot", "seq", "since", "kept_from");

    /// These never run twice: what a dead server left open of them is answered `interrupted`.
    private static final Set<String> NOT_REPEATED = Set.of("write", "edit");

    private final List<ObjectNode> undisturbed;

    ChaosCheck(ChaosRun.Outcome undisturbed) {
        this.undisturbed = normal(undisturbed.journal());
        assertThat(statuses(this.undisturbed).values()).doesNotContain("interrupted");
        assertThat(statuses(this.undisturbed)).containsEntry(ChaosScript.DENIED, "denied");
        assertThat(this.undisturbed)
                .extracting(entry -> entry.path("type").asText())
                .contains("approval.requested", "approval.decided");
        assertThat(this.undisturbed)
                .extracting(entry -> entry.path("kind").asText())
                .contains("results", "summary");
        requireEffects(undisturbed, statuses(this.undisturbed));
    }

    void require(ChaosRun.Outcome outcome) {
        requireNumbered(outcome.journal());
        List<ObjectNode> journal = normal(outcome.journal());
        Map<String, String> statuses = statuses(journal);
        boolean disturbed = statuses.containsValue("interrupted");
        assertThat(shape(journal, disturbed)).isEqualTo(shape(undisturbed, disturbed));
        statuses.forEach((call, status) -> {
            if (status.equals("interrupted")) {
                assertThat(NOT_REPEATED).contains(tool(call));
            }
        });
        requireEffects(outcome, statuses);
        assertThat(outcome.sandboxes()).as("sandboxes").isEqualTo(1);
    }

    private static void requireNumbered(List<ObjectNode> journal) {
        for (int i = 0; i < journal.size(); i++) {
            assertThat(journal.get(i).path("seq").asLong()).isEqualTo(i + 1L);
        }
    }

    private static List<ObjectNode> normal(List<ObjectNode> journal) {
        var all = new ArrayList<ObjectNode>();
        for (ObjectNode entry : journal) {
            ObjectNode copy = entry.deepCopy();
            copy.remove(OF_THE_RUN);
            all.add(copy);
        }
        return all;
    }

    /// A word on a call may come before or after the start of another one, and so stands first
    /// here. Where a call was interrupted, what later calls saw may differ, too; and its answer is
    /// given together with the calls after it, which are then started before it.
    private static List<String> shape(List<ObjectNode> journal, boolean disturbed) {
        Set<String> varying =
                disturbed ? Set.of("result", "status", "tokens_before", "tokens_after") : Set.of();
        return journal.stream()
                .filter(entry -> !disturbed || !type(entry).startsWith("snapshot."))
                .map(entry -> {
                    ObjectNode copy = entry.deepCopy();
                    copy.remove(varying);
                    return copy;
                })
                .sorted(Comparator.comparing(entry -> place(type(entry), disturbed)))
                .map(ObjectNode::toString)
                .toList();
    }

    private static int place(String type, boolean disturbed) {
        return switch (type) {
            case "approval.decided" -> 0;
            case "tool.started" -> disturbed ? 1 : 2;
            default -> 2;
        };
    }

    private static String type(JsonNode entry) {
        return entry.path("type").asText();
    }

    /// By call; each has one result.
    private static Map<String, String> statuses(List<ObjectNode> journal) {
        var statuses = new HashMap<String, String>();
        var started = new HashSet<String>();
        for (JsonNode entry : journal) {
            String call = entry.path("call_id").asText();
            switch (entry.path("type").asText()) {
                case "tool.started" -> assertThat(started.add(call)).as(call).isTrue();
                case "tool.completed" ->
                        assertThat(statuses.put(call, entry.path("status").asText()))
                                .as("a second result of " + call)
                                .isNull();
                case "turn.completed" ->
                        assertThat(entry.path("stop_reason").asText()).isEqualTo("end");
                default -> {}
            }
        }
        assertThat(statuses.keySet()).containsAll(started);
        return statuses;
    }

    private String tool(String call) {
        return undisturbed.stream()
                .filter(entry -> entry.path("type").asText().equals("tool.started"))
                .filter(entry -> entry.path("call_id").asText().equals(call))
                .map(entry -> entry.path("tool").asText())
                .findFirst()
                .orElseThrow();
    }

    private static void requireEffects(ChaosRun.Outcome outcome, Map<String, String> statuses) {
        List<String> lines = outcome.files().get("effects").lines().toList();
        assertThat(lines).containsExactlyInAnyOrderElementsOf(ChaosScript.EFFECTS);
        long edits = outcome.files().get("notes").lines().filter("beta"::equals).count();
        if (statuses.get(ChaosScript.EDIT).equals("ok")) {
            assertThat(edits).isEqualTo(1);
        } else {
            assertThat(edits).isBetween(0L, 1L);
        }
    }
}

package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Whether what a run left could have been left by one in which nothing went wrong: the same
/// entries in the same order, the same effects, the same files kept. One call that never runs twice
/// may be answered `interrupted` where its server was lost.
final class ChaosCheck {
    /// These never run twice: what a lost server left open of them is answered `interrupted`.
    private static final Set<String> NOT_REPEATED = Set.of("write", "edit");

    /// What the model and later calls saw after an interrupted call need not be the same.
    private static final Set<String> VARYING =
            Set.of("result", "status", "usage", "tokens_before", "tokens_after", "files");

    private static final Set<String> READS = Set.of("list", "glob", "read");

    private final List<ObjectNode> undisturbed;

    ChaosCheck(ChaosRun.Outcome undisturbed) {
        this.undisturbed = ChaosJournal.normal(undisturbed);
        Map<String, String> statuses = statuses(this.undisturbed);
        assertThat(statuses.values()).doesNotContain("interrupted");
        assertThat(statuses).containsEntry(ChaosScript.DENIED, "denied");
        assertThat(this.undisturbed)
                .extracting(ChaosJournal::type)
                .contains("approval.requested", "approval.decided", "snapshot.taken");
        assertThat(this.undisturbed)
                .extracting(entry -> entry.path("kind").asText())
                .contains("results", "summary");
        requireEffects(undisturbed, statuses);
    }

    /// `callsLost` says whether a call may have been under way when its server was lost.
    void require(ChaosRun.Outcome outcome, boolean callsLost) {
        List<ObjectNode> journal = ChaosJournal.normal(outcome);
        Map<String, String> statuses = statuses(journal);
        List<String> interrupted =
                statuses.keySet().stream()
                        .filter(call -> statuses.get(call).equals("interrupted"))
                        .toList();
        assertThat(interrupted)
                .hasSizeLessThanOrEqualTo(callsLost ? 1 : 0)
                .allSatisfy(call -> assertThat(NOT_REPEATED).contains(tool(call)));
        if (interrupted.isEmpty()) {
            assertThat(lines(journal, Set.of())).isEqualTo(lines(undisturbed, Set.of()));
        } else {
            List<ObjectNode> expected = withInterrupted(interrupted.getFirst());
            assertThat(lines(journal, VARYING)).isEqualTo(lines(expected, VARYING));
        }
        requireEffects(outcome, statuses);
        assertThat(outcome.sandboxes()).as("sandboxes").isEqualTo(1);
    }

    /// The answer `interrupted` is given together with the reads after its call, which are started
    /// before it then; and the files are kept after all of them.
    private List<ObjectNode> withInterrupted(String call) {
        var expected = new ArrayList<>(undisturbed);
        int from = 0;
        while (!isResult(expected.get(from), call)) {
            from++;
        }
        int to = from;
        while (!ChaosJournal.type(expected.get(to)).equals("model.started")) {
            to++;
        }
        List<ObjectNode> rest = expected.subList(from, to);
        boolean onlyReads =
                rest.stream()
                        .filter(entry -> entry.has("tool") && !isResult(entry, call))
                        .allMatch(entry -> READS.contains(entry.path("tool").asText()));
        if (onlyReads) {
            rest.sort(Comparator.comparing(entry -> place(ChaosJournal.type(entry))));
        }
        return expected;
    }

    private static boolean isResult(ObjectNode entry, String call) {
        return ChaosJournal.type(entry).equals("tool.completed")
                && entry.path("call_id").asText().equals(call);
    }

    private static int place(String type) {
        return switch (type) {
            case "tool.started" -> 0;
            case "tool.completed" -> 1;
            default -> 2;
        };
    }

    /// A word on a call may come at any time between its request and its call's next entry, and so
    /// these stand first here.
    private static List<String> lines(List<ObjectNode> journal, Set<String> varying) {
        return journal.stream()
                .map(entry -> entry.deepCopy().remove(varying))
                .sorted(
                        Comparator.comparing(
                                entry -> !ChaosJournal.type(entry).equals("approval.decided")))
                .map(ObjectNode::toString)
                .toList();
    }

    /// By call; each has one result, after its start if it was started, and each that needed a word
    /// went on after that alone.
    private static Map<String, String> statuses(List<ObjectNode> journal) {
        var statuses = new HashMap<String, String>();
        var started = new HashSet<String>();
        var asked = new HashSet<String>();
        for (ObjectNode entry : journal) {
            String call = entry.path("call_id").asText();
            switch (ChaosJournal.type(entry)) {
                case "approval.requested" -> assertThat(asked.add(call)).as(call).isTrue();
                case "approval.decided" -> assertThat(asked.remove(call)).as(call).isTrue();
                case "tool.started" -> {
                    assertThat(started.add(call)).as(call).isTrue();
                    assertThat(asked).doesNotContain(call);
                }
                case "tool.completed" -> {
                    assertThat(statuses.put(call, entry.path("status").asText()))
                            .as("a second result of " + call)
                            .isNull();
                    assertThat(asked).doesNotContain(call);
                }
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
                .filter(entry -> isResult(entry, call))
                .map(entry -> entry.path("tool").asText())
                .findFirst()
                .orElseThrow();
    }

    private static void requireEffects(ChaosRun.Outcome outcome, Map<String, String> statuses) {
        List<String> lines = outcome.files().get("effects").lines().toList();
        assertThat(lines).containsExactlyInAnyOrderElementsOf(ChaosScript.EFFECTS);
        long edits = outcome.files().get("notes").lines().filter("beta"::equals).count();
        switch (statuses.get(ChaosScript.EDIT)) {
            case "ok" -> assertThat(edits).isEqualTo(1);
            case "interrupted" -> assertThat(edits).isBetween(0L, 1L);
            default -> assertThat(edits).isEqualTo(0);
        }
    }
}

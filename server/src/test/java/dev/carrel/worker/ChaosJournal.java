package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Journals of runs that can be compared: what differs from run to run is left out, or replaced by
/// what it stands for, and calls of the model that were lost.
final class ChaosJournal {
    private static final Set<String> OF_THE_RUN = Set.of("seq", "time", "duration_ms");
    private static final Set<String> NUMBERS_OF_ENTRIES = Set.of("since", "kept_from");

    private ChaosJournal() {}

    /// Requires that entries are numbered without gaps, and that no files were kept twice.
    static List<ObjectNode> normal(ChaosRun.Outcome outcome) {
        List<ObjectNode> journal = outcome.journal();
        var all = new ArrayList<ObjectNode>();
        var turns = new ArrayList<String>();
        var snapshots = new HashSet<String>();
        var lost = new ArrayList<ObjectNode>();
        for (int i = 0; i < journal.size(); i++) {
            ObjectNode entry = journal.get(i).deepCopy();
            assertThat(entry.path("seq").asLong()).isEqualTo(i + 1L);
            entry.remove(OF_THE_RUN);
            if (type(entry).equals("model.lost")) {
                lost.add(entry);
                continue;
            }
            if (type(entry).equals("model.started")
                    && type(journal.get(i - 1)).equals("model.lost")) {
                continue; // the same call is made again
            }
            if (type(entry).equals("turn.completed")) {
                lost.forEach(each -> subtract(entry, each));
                lost.clear();
            }
            for (String field : NUMBERS_OF_ENTRIES) {
                if (entry.has(field)) {
                    entry.put(field, name(journal.get(entry.path(field).asInt() - 1)));
                }
            }
            if (entry.has("turn")) {
                entry.put("turn", number(turns, entry.path("turn").asText()));
            }
            if (entry.has("by")) {
                entry.put("by", "key"); // each server has its own
            }
            if (entry.has("snapshot")) {
                String snapshot = entry.remove("snapshot").asText();
                assertThat(snapshots.add(snapshot)).isTrue();
                entry.put("files", outcome.kept().get(snapshot));
            }
            all.add(entry);
        }
        return all;
    }

    /// What calls took that were cut is counted, and changes nothing else.
    private static void subtract(ObjectNode end, ObjectNode lost) {
        var usage = (ObjectNode) end.path("usage");
        lost.path("usage")
                .properties()
                .forEach(e -> {
                    BigDecimal all = usage.path(e.getKey()).decimalValue();
                    BigDecimal left = all.subtract(e.getValue().decimalValue());
                    if (e.getValue().isIntegralNumber()) {
                        usage.put(e.getKey(), left.intValueExact());
                    } else {
                        usage.put(e.getKey(), left.stripTrailingZeros());
                    }
                });
    }

    static String type(ObjectNode entry) {
        return entry.path("type").asText();
    }

    /// An entry among those of its kind.
    private static String name(ObjectNode entry) {
        return type(entry)
                + " "
                + entry.path("call_id").asText()
                + entry.path("step").asText()
                + entry.path("text").asText();
    }

    private static int number(List<String> turns, String turn) {
        if (!turns.contains(turn)) {
            turns.add(turn);
        }
        return turns.indexOf(turn);
    }
}

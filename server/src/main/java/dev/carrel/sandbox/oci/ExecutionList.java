package dev.carrel.sandbox.oci;

import dev.carrel.process.FileInfo;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionSummary;
import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// The executions that a run directory has records of.
record ExecutionList(RunDirectory directory, Predicate<ExecutionId> running) {
    /// The order of pages: by the time of the start record, then by id.
    private record Entry(ExecutionId id, long micros) {
        static final Comparator<Entry> NEWEST_FIRST =
                Comparator.comparingLong(Entry::micros)
                        .thenComparing(entry -> entry.id().value())
                        .reversed();

        boolean comesAfter(Cursor place) {
            return micros < place.micros()
                    || (micros == place.micros() && id.value().compareTo(place.id()) < 0);
        }
    }

    /// Those after `after`, newest first, at most `limit`.
    List<ExecutionSummary> page(Cursor after, int limit, Instant now) throws IOException {
        List<Entry> entries = new ArrayList<>();
        Set<String> names = directory.names();
        for (String name : names) {
            Optional<ExecutionId> id = RunDirectory.executionOf(name, ".out");
            if (id.isPresent()) {
                entry(id.get()).filter(entry -> entry.comesAfter(after)).ifPresent(entries::add);
            }
        }
        entries.sort(Entry.NEWEST_FIRST);
        List<ExecutionSummary> page = new ArrayList<>();
        for (Entry entry : entries.subList(0, Math.min(limit, entries.size()))) {
            page.add(summary(entry, now));
        }
        return page;
    }

    private Optional<Entry> entry(ExecutionId id) throws IOException {
        return directory
                .stat(id + ".json")
                .map(FileInfo::modifiedAt)
                .map(time -> new Entry(id, Math.max(0, Micros.of(time))));
    }

    private ExecutionSummary summary(Entry entry, Instant now) throws IOException {
        var files = new ExecutionFiles(directory, entry.id());
        Ending ending = files.ending();
        if (ending instanceof Ending.Lost && running.test(entry.id())) {
            ending = new Ending.Running();
        }
        return files.summary(ending, Micros.toInstant(entry.micros()), now);
    }
}

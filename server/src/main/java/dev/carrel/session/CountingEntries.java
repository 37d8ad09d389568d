package dev.carrel.session;

import dev.carrel.agent.Event;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/// Which entries of a journal count: all but those that the session has gone back behind. After
/// `session.rewound` it is what it was at an earlier entry, whatever counted there.
record CountingEntries(List<Range> ranges) {
    /// From the one entry to the other.
    private record Range(long from, long to) {}

    static CountingEntries of(Handle handle, SessionId session) {
        var ranges = new ArrayList<Range>();
        long top = Long.MAX_VALUE;
        for (FilePoints.Entry entry : FilePoints.rewinds(handle, session)) {
            if (entry.event() instanceof Event.SessionRewound rewound && entry.seq() <= top) {
                ranges.add(new Range(entry.seq(), top));
                top = rewound.to();
            }
        }
        ranges.add(new Range(1, top));
        return new CountingEntries(List.copyOf(ranges));
    }

    boolean contain(long seq) {
        return ranges.stream().anyMatch(range -> range.from() <= seq && seq <= range.to());
    }

    /// The last entry up to which all that follow `seq`, which counts, count too.
    long endOf(long seq) {
        return ranges.stream()
                .filter(range -> range.from() <= seq && seq <= range.to())
                .mapToLong(Range::to)
                .findFirst()
                .orElse(seq);
    }
}

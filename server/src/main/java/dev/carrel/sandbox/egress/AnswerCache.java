package dev.carrel.sandbox.egress;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/// Answers of the name servers for as long as they hold, the least used going first. They are as
/// they came: each sandbox's policy is applied to each use.
final class AnswerCache {
    private static final int ENTRIES_MAX = 4096;

    /// An answer of 64 KiB would be kept as long as one of 64 bytes.
    private static final int RECORDS_MAX = 64;

    private static final Duration TTL_MAX = Duration.ofMinutes(5);
    private static final Duration TTL_OF_NOTHING = Duration.ofSeconds(5);

    private record Question(Name name, int type) {}

    private record Known(Message answer, long until) {}

    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`.
    private final Map<Question, Known> known =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Question, Known> eldest) {
                    return size() > ENTRIES_MAX;
                }
            };

    Optional<Message> get(Name name, int type) {
        lock.lock();
        try {
            Known entry = known.get(new Question(name, type));
            return entry == null || System.nanoTime() - entry.until > 0
                    ? Optional.empty()
                    : Optional.of(entry.answer);
        } finally {
            lock.unlock();
        }
    }

    void put(Name name, int type, Message answer) {
        if (answer.getSection(Section.ANSWER).size() > RECORDS_MAX) {
            return;
        }
        long until = System.nanoTime() + ttl(answer).toNanos();
        lock.lock();
        try {
            known.put(new Question(name, type), new Known(answer, until));
        } finally {
            lock.unlock();
        }
    }

    private static Duration ttl(Message answer) {
        return answer.getSection(Section.ANSWER).stream().mapToLong(Record::getTTL).min().stream()
                .mapToObj(
                        seconds -> Duration.ofSeconds(Math.clamp(seconds, 0, TTL_MAX.toSeconds())))
                .findFirst()
                .orElse(TTL_OF_NOTHING);
    }
}

package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Subnet;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the firewall has to know of one sandbox's policy. Most have none: then the rules for all
/// are enough. `allow` are public ranges, `opened` private ones that stay closed to others; with
/// `isClosed` nothing but those two is open, `isProxied` sends all other TCP to the proxy.
///
/// Its text is written beside the sandbox, so that a new server can set the firewall up before it
/// has looked anything up.
record Fence(
        boolean isClosed,
        boolean isProxied,
        List<Subnet> allow,
        List<Subnet> opened,
        List<Subnet> deny) {
    static final Fence NONE = new Fence(false, false, List.of(), List.of(), List.of());
    static final Fence CLOSED = new Fence(true, false, List.of(), List.of(), List.of());

    private enum Word {
        CLOSED,
        PROXIED,
        ALLOW,
        OPENED,
        DENY
    }

    Fence {
        allow = widest(allow);
        opened = widest(opened);
        deny = widest(deny);
    }

    static Fence of(NetworkPolicy policy, ClosedRanges closed) {
        if (!policy.internet()) {
            return CLOSED;
        }
        return new Fence(
                policy.needsProxy() || !policy.allow().isEmpty(),
                policy.needsProxy(),
                policy.allowedRanges(),
                closed.opened(policy),
                policy.deniedRanges());
    }

    String text() {
        var text = new StringBuilder();
        if (isClosed) {
            text.append(Word.CLOSED).append('\n');
        }
        if (isProxied) {
            text.append(Word.PROXIED).append('\n');
        }
        allow.forEach(range -> line(text, Word.ALLOW, range));
        opened.forEach(range -> line(text, Word.OPENED, range));
        deny.forEach(range -> line(text, Word.DENY, range));
        return text.toString();
    }

    /// Reads [#text]; what cannot be read closes everything.
    static Fence parse(String text) {
        var ranges = new EnumMap<Word, List<Subnet>>(Word.class);
        for (String line : text.lines().toList()) {
            String[] words = line.split(" ", 2);
            Optional<Subnet> range = words.length == 2 ? Subnet.parse(words[1]) : Optional.empty();
            Optional<Word> word = word(words[0]);
            if (word.isEmpty() || (words.length == 2 && range.isEmpty())) {
                return CLOSED;
            }
            ranges.computeIfAbsent(word.get(), key -> new ArrayList<>());
            range.ifPresent(ranges.get(word.get())::add);
        }
        return new Fence(
                ranges.containsKey(Word.CLOSED),
                ranges.containsKey(Word.PROXIED),
                ranges(ranges, Word.ALLOW),
                ranges(ranges, Word.OPENED),
                ranges(ranges, Word.DENY));
    }

    private static List<Subnet> ranges(Map<Word, List<Subnet>> all, Word word) {
        return all.getOrDefault(word, List.of());
    }

    private static Optional<Word> word(String text) {
        for (Word word : Word.values()) {
            if (word.name().equals(text)) {
                return Optional.of(word);
            }
        }
        return Optional.empty();
    }

    private static void line(StringBuilder text, Word word, Subnet range) {
        text.append(word).append(' ').append(range).append('\n');
    }

    /// Without those that lie in another: the firewall takes no ranges that overlap.
    private static List<Subnet> widest(List<Subnet> ranges) {
        List<Subnet> distinct = ranges.stream().distinct().toList();
        return distinct.stream()
                .filter(range ->
                        distinct.stream()
                                .noneMatch(other -> !other.equals(range) && other.contains(range)))
                .toList();
    }
}

package dev.carrel.api;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The one range of a `Range` header (RFC 9110, 14.1.2), both ends included; `last` may lie behind
/// the end, `first` too, which then cannot be satisfied.
record ByteRange(long first, long last) {
    private static final Pattern ONE = Pattern.compile("bytes=\\s*(\\d{0,18})-(\\d{0,18})\\s*");

    /// Empty for what servers are to ignore: no range of bytes, or several.
    static Optional<ByteRange> parse(String header, long size) {
        Matcher matcher = ONE.matcher(header);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String first = matcher.group(1);
        String last = matcher.group(2);
        if (first.isEmpty()) {
            return last.isEmpty() ? Optional.empty() : Optional.of(tail(last, size));
        }
        long from = Long.parseLong(first);
        long to = last.isEmpty() ? Long.MAX_VALUE : Long.parseLong(last);
        return to < from ? Optional.empty() : Optional.of(new ByteRange(from, to));
    }

    // The last bytes of nothing are none.
    private static ByteRange tail(String count, long size) {
        long bytes = Long.parseLong(count);
        return new ByteRange(bytes == 0 ? size : Math.max(0, size - bytes), Long.MAX_VALUE);
    }
}

package dev.carrel.store;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The place in a list, newest first, after which its next page begins: lists are ordered by time
/// and then id, so that rows that come or go meanwhile never repeat or hide others.
public record Cursor(long micros, String id) {
    /// Before the newest row there can be.
    public static final Cursor START = new Cursor(Long.MAX_VALUE, "");

    private static final Pattern TEXT = Pattern.compile("([0-9]{1,18})\\.([0-9a-z_-]{1,80})");

    public static Cursor of(Instant time, String id) {
        return new Cursor(Micros.of(time), id);
    }

    /// What a caller sent back. Fails with `INVALID_REQUEST`.
    public static Cursor parse(Optional<String> text) {
        if (text.isEmpty()) {
            return START;
        }
        Matcher matcher = TEXT.matcher(text.get());
        if (!matcher.matches()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "cursor",
                    "cursor must be a next_cursor that this list gave before");
        }
        return new Cursor(Long.parseLong(matcher.group(1)), matcher.group(2));
    }

    /// As callers see it; opaque to them.
    public String text() {
        return micros + "." + id;
    }
}

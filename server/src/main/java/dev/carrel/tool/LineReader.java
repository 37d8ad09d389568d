package dev.carrel.tool;

import dev.carrel.model.Cancellation;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads the lines of a UTF-8 text, however long, holding no more than the beginning of one. Lines
/// end with LF or CRLF; a byte order mark is left out; bytes that are not UTF-8 become U+FFFD.
final class LineReader {
    /// The beginning of a line, and how many characters of it were left out.
    record Line(String text, long cut) {}

    private final Reader reader;
    private final Cancellation cancellation;
    private final int lineCharsMax;
    private final char[] buffer = new char[16_384];
    private int position;
    private int filled;
    private long charsRead;

    LineReader(InputStream text, int lineCharsMax, Cancellation cancellation) {
        this.reader = new InputStreamReader(text, StandardCharsets.UTF_8);
        this.lineCharsMax = lineCharsMax;
        this.cancellation = cancellation;
    }

    /// Empty at the end. A last line without a line feed is a line.
    Optional<Line> next() throws IOException {
        if (!fill()) {
            return Optional.empty();
        }
        var text = new StringBuilder();
        long length = 0;
        boolean carriageReturn = false;
        while (fill()) {
            char c = buffer[position++];
            if (c == '\n') {
                break;
            }
            carriageReturn = c == '\r';
            length++;
            if (text.length() < lineCharsMax) {
                text.append(c);
            }
        }
        if (carriageReturn) {
            length--;
            text.setLength((int) Math.min(text.length(), length));
        }
        if (!text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1))) {
            text.setLength(text.length() - 1);
        }
        return Optional.of(new Line(text.toString(), length - text.length()));
    }

    long charsRead() {
        return charsRead;
    }

    private boolean fill() throws IOException {
        if (position < filled) {
            return true;
        }
        cancellation.throwIfCancelled();
        filled = reader.read(buffer);
        position = charsRead == 0 && filled > 0 && buffer[0] == '\ufeff' ? 1 : 0;
        charsRead += Math.max(0, filled);
        return position < filled || (filled > 0 && fill());
    }
}

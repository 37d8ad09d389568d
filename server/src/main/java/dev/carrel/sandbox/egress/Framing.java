package dev.carrel.sandbox.egress;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/// Where the body of an HTTP/1 message ends.
sealed interface Framing {
    /// Exactly so many bytes; often none.
    record Length(long bytes) implements Framing {}

    record Chunked() implements Framing {}

    /// With the connection.
    record ToTheEnd() implements Framing {}

    /// As the fields say; fails when they say more than one thing.
    static Framing ofRequest(HttpHead head) throws Refused {
        List<String> lengths = head.values("Content-Length");
        List<String> codings = head.values("Transfer-Encoding");
        if (!codings.isEmpty()) {
            if (codings.size() > 1
                    || !codings.getFirst().equalsIgnoreCase("chunked")
                    || !lengths.isEmpty()) {
                throw Refused.malformed("where its body ends can be read in two ways");
            }
            return new Chunked();
        }
        return lengths.isEmpty() ? new Length(0) : length(lengths);
    }

    /// Of the response to a request with this method.
    static Framing ofResponse(HttpHead head, int status, String method) throws Refused {
        if (method.equals("HEAD") || status == 204 || status == 304 || status / 100 == 1) {
            return new Length(0);
        }
        if (head.has("Transfer-Encoding", "chunked")) {
            return new Chunked();
        }
        List<String> lengths = head.values("Content-Length");
        return lengths.isEmpty() ? new ToTheEnd() : length(lengths);
    }

    private static Length length(List<String> values) throws Refused {
        if (values.size() > 1 || !Digits.DECIMAL.matcher(values.getFirst()).matches()) {
            throw Refused.malformed("where its body ends can be read in two ways");
        }
        return new Length(Long.parseLong(values.getFirst()));
    }

    /// Copies the body and not a byte more.
    default void copy(InputStream input, OutputStream output) throws IOException {
        switch (this) {
            case Length length -> copy(input, output, length.bytes);
            case Chunked _ -> copyChunks(input, output);
            case ToTheEnd _ -> copyAll(input, output);
        }
    }

    private static void copyAll(InputStream input, OutputStream output) throws IOException {
        var buffer = new byte[Digits.BUFFER_BYTES];
        for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
            output.write(buffer, 0, count);
            output.flush();
        }
    }

    private static void copy(InputStream input, OutputStream output, long bytes)
            throws IOException {
        var buffer = new byte[(int) Math.min(bytes, Digits.BUFFER_BYTES)];
        for (long left = bytes; left > 0; ) {
            int count = input.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (count < 0) {
                throw new EOFException("an HTTP body is cut");
            }
            output.write(buffer, 0, count);
            output.flush();
            left -= count;
        }
    }

    private static void copyChunks(InputStream input, OutputStream output) throws IOException {
        while (true) {
            String line = line(input);
            String size = line.split(";", 2)[0].strip();
            if (!Digits.HEX.matcher(size).matches()) {
                throw Refused.malformed("a chunk of its body has no size");
            }
            long bytes = Long.parseLong(size, 16);
            output.write((size + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            if (bytes == 0) {
                break;
            }
            copy(input, output, bytes);
            if (!line(input).isEmpty()) {
                throw Refused.malformed("a chunk of its body is longer than it says");
            }
            output.write('\r');
            output.write('\n');
            output.flush();
        }
        // Trailers say nothing that a proxy may rely on: they are read and dropped.
        for (int lines = 0; !line(input).isEmpty(); lines++) {
            if (lines == Digits.TRAILERS_MAX) {
                throw Refused.malformed("too many trailers");
            }
        }
        output.write("\r\n".getBytes(StandardCharsets.ISO_8859_1));
        output.flush();
    }

    private static String line(InputStream input) throws IOException {
        var line = new StringBuilder();
        while (true) {
            int next = input.read();
            if (next < 0) {
                throw new EOFException("an HTTP body is cut");
            }
            if (next == '\r') {
                if (input.read() != '\n') {
                    throw Refused.malformed("a carriage return stands alone");
                }
                return line.toString();
            }
            if (next == '\n' || line.length() == Digits.LINE_CHARS_MAX) {
                throw Refused.malformed("a line of its body is none");
            }
            line.append((char) next);
        }
    }

    /// What the methods above share.
    final class Digits {
        private static final Pattern DECIMAL = Pattern.compile("[0-9]{1,18}");
        private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{1,15}");
        private static final int BUFFER_BYTES = 16 << 10;
        private static final int LINE_CHARS_MAX = 8192;
        private static final int TRAILERS_MAX = 64;

        private Digits() {}
    }
}

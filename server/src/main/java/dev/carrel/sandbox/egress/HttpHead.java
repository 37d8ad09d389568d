package dev.carrel.sandbox.egress;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// The start line and the fields of an HTTP/1 message (RFC 9112), read strictly: what two programs
/// could read in two ways is refused.
record HttpHead(String start, List<Field> fields) {
    static final int BYTES_MAX = 64 << 10;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");

    record Field(String name, String value) {
        boolean is(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    HttpHead {
        fields = List.copyOf(fields);
    }

    /// Empty when the stream ends before anything came.
    static Optional<HttpHead> read(InputStream input) throws IOException {
        var bytes = new ByteArrayOutputStream();
        List<String> lines = new ArrayList<>();
        while (true) {
            Optional<String> line = line(input, bytes);
            if (line.isEmpty()) {
                if (bytes.size() == 0) {
                    return Optional.empty();
                }
                throw new EOFException("an HTTP head is cut");
            }
            if (line.get().isEmpty()) {
                break;
            }
            lines.add(line.get());
        }
        if (lines.isEmpty()) {
            throw Refused.malformed("an empty line comes first");
        }
        List<Field> fields = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            fields.add(field(line));
        }
        return Optional.of(new HttpHead(lines.getFirst(), fields));
    }

    private static Optional<String> line(InputStream input, ByteArrayOutputStream all)
            throws IOException {
        var line = new ByteArrayOutputStream();
        while (true) {
            int next = input.read();
            if (next < 0) {
                return Optional.empty();
            }
            all.write(next);
            if (all.size() > BYTES_MAX) {
                throw new Refused(431, "an HTTP head has more than " + BYTES_MAX + " bytes");
            }
            if (next == '\r') {
                if (input.read() != '\n') {
                    throw Refused.malformed("a carriage return stands alone");
                }
                return Optional.of(line.toString(StandardCharsets.ISO_8859_1));
            }
            if (next == '\n' || next == 0 || (next < ' ' && next != '\t')) {
                throw Refused.malformed("a control character in its head");
            }
            line.write(next);
        }
    }

    // A space before the colon, and lines that go on, are where readers part.
    private static Field field(String line) throws Refused {
        int colon = line.indexOf(':');
        if (colon < 1 || !NAME.matcher(line.substring(0, colon)).matches()) {
            throw Refused.malformed("a line of its head is no field");
        }
        return new Field(line.substring(0, colon), line.substring(colon + 1).strip());
    }

    List<String> values(String name) {
        return fields.stream().filter(field -> field.is(name)).map(Field::value).toList();
    }

    /// Whether a field that is a list of words has this one.
    boolean has(String name, String word) {
        return values(name).stream()
                .flatMap(value -> List.of(value.split(",")).stream())
                .anyMatch(part -> part.strip().equalsIgnoreCase(word));
    }

    HttpHead without(String name) {
        return new HttpHead(start, fields.stream().filter(field -> !field.is(name)).toList());
    }

    HttpHead with(String name, String value) {
        List<Field> more = new ArrayList<>(without(name).fields);
        more.add(new Field(name, value));
        return new HttpHead(start, more);
    }

    byte[] bytes() {
        var text = new StringBuilder(start).append("\r\n");
        fields.forEach(
                field -> text.append(field.name).append(": ").append(field.value).append("\r\n"));
        return text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /// The first word of the start line: a request's method, a response's version.
    String firstWord() {
        int space = start.indexOf(' ');
        return space < 0 ? start : start.substring(0, space);
    }

    boolean isHttp11() {
        return start.toUpperCase(Locale.ROOT).contains("HTTP/1.1");
    }
}

package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.ErrorBodies;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.OpenFile;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A file as an answer (RFC 9110, 8.8, 13 and 14): all of it or one range, or nothing when the
/// client has it. The file is closed by whoever sends the answer.
final class FileAnswer {
    private static final Logger LOG = LoggerFactory.getLogger(FileAnswer.class);

    /// Files up to this size are read first, so that a failure can still be told; larger ones are
    /// sent as they are read.
    static final int WHOLE_BYTES_MAX = 256 << 10;

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
                    .withZone(ZoneOffset.UTC);

    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

    private final Request request;
    private final OpenFile file;
    private final long size;
    private final String tag;
    private final String modified;

    private FileAnswer(Request request, OpenFile file) {
        this.request = request;
        this.file = file;
        this.size = file.stat().sizeBytes();
        this.tag = '"' + file.version() + '"';
        this.modified = DATE.format(earliest(file.stat().modifiedAt()));
    }

    // A sandbox can give a file any time; the header knows four digits of a year.
    private static Instant earliest(Instant time) {
        return time.isBefore(Instant.EPOCH) ? Instant.EPOCH : time.isAfter(LAST) ? LAST : time;
    }

    static Response of(Request request, OpenFile file) {
        boolean passedOn = false;
        try {
            Response response = new FileAnswer(request, file).answer();
            passedOn = true;
            return response;
        } finally {
            if (!passedOn) {
                file.close();
            }
        }
    }

    private Response answer() {
        if (request.header("if-none-match").map(this::namesTag).orElse(false)) {
            file.close();
            return described(Response.noContent().withStatus(304));
        }
        Optional<ByteRange> range = range();
        if (range.isEmpty()) {
            return described(part(0, size));
        }
        long first = range.get().first();
        if (first >= size) {
            file.close();
            return unsatisfiable();
        }
        long length = Math.min(range.get().last(), size - 1) - first + 1;
        String content = "bytes %d-%d/%d".formatted(first, first + length - 1, size);
        return described(part(first, length).withStatus(206)).withHeader("Content-Range", content);
    }

    private boolean namesTag(String tags) {
        for (String each : tags.split(",", -1)) {
            String stripped = each.strip();
            if (stripped.equals("*") || stripped.replaceFirst("^W/", "").equals(tag)) {
                return true;
            }
        }
        return false;
    }

    private Optional<ByteRange> range() {
        boolean same =
                request.header("if-range")
                        .map(condition -> condition.equals(tag) || condition.equals(modified))
                        .orElse(true);
        return same
                ? request.header("range").flatMap(text -> ByteRange.parse(text, size))
                : Optional.empty();
    }

    private Response unsatisfiable() {
        var failure =
                new CarrelException(
                        ErrorCode.RANGE_NOT_SATISFIABLE,
                        "%s has %d bytes, and the range begins behind them"
                                .formatted(file.stat().path(), size));
        return Response.json(416, ErrorBodies.of(failure, request.id()))
                .withHeader("Content-Range", "bytes */" + size);
    }

    private Response described(Response response) {
        return response.withHeader("ETag", tag)
                .withHeader("Last-Modified", modified)
                .withHeader("Accept-Ranges", "bytes");
    }

    private Response part(long first, long length) {
        InputStream content = file.from(first);
        if (length > WHOLE_BYTES_MAX) {
            var exact = new ExactContent(content, length);
            return Response.stream(RouteDoc.BYTES, exact, OptionalLong.of(length));
        }
        try (content) {
            return Response.bytes(200, RouteDoc.BYTES, content.readNBytes((int) length));
        } catch (IOException e) {
            LOG.warn("a file could not be read", e);
            throw new CarrelException(
                    ErrorCode.SANDBOX_FAILED, "The file could not be read to its end", e);
        }
    }
}

package dev.carrel.http;

import dev.carrel.http.Response.Body;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is left of answers to `GET` where the request is `HEAD` (RFC 9110, 9.3.2).
final class HeadAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(HeadAnswers.class);

    private HeadAnswers() {}

    /// The length that a body would have, where that is known. Nobody reads the body.
    static OptionalLong length(Body body) {
        return switch (body) {
            case Body.Bytes held -> OptionalLong.of(held.bytes().length);
            case Body.Streamed(InputStream bytes, OptionalLong length) -> {
                close(bytes);
                yield length;
            }
            case Body.Events _, Body.Written _, Body.Awaited _, Body.Socket _ ->
                    OptionalLong.empty();
        };
    }

    private static void close(InputStream bytes) {
        try {
            bytes.close();
        } catch (IOException e) {
            LOG.debug("closing what a HEAD request does not read", e);
        }
    }
}

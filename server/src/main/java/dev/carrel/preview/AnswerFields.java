package dev.carrel.preview;

import dev.carrel.http.Field;
import dev.carrel.http.Fields;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;

/// The header fields of an application's answer as the browser gets them: they reach no other host
/// than the preview's own.
final class AnswerFields {
    /// Could lead the browser to another server under this name.
    private static final Set<String> REFUSED = Set.of("alt-svc", "alt-used");

    /// What may not come after a body (RFC 9110, 6.5.1).
    private static final Set<String> NEVER_TRAILERS =
            Set.of(
                    "host",
                    "cookie",
                    "set-cookie",
                    "authorization",
                    "trailer",
                    "content-encoding",
                    "content-type",
                    "content-range",
                    "location",
                    "cache-control");

    private AnswerFields() {}

    /// The length that an answer to HEAD would have stays.
    static Fields of(Fields answer) {
        Set<String> named = answer.tokens("connection");
        var fields = new ArrayList<Field>();
        for (Field field : answer.list()) {
            boolean hop = RequestFields.HOP.contains(field.key()) || named.contains(field.key());
            if ((!hop || field.key().equals("content-length")) && !REFUSED.contains(field.key())) {
                clean(field).ifPresent(fields::add);
            }
        }
        return new Fields(fields);
    }

    static Fields trailers(Fields trailers) {
        return trailers.without(
                key -> RequestFields.HOP.contains(key) || NEVER_TRAILERS.contains(key));
    }

    private static Optional<Field> clean(Field field) {
        return field.key().equals("set-cookie")
                ? Cookies.hostOnly(field.value(), PreviewGate.COOKIE)
                        .map(value -> new Field(field.name(), value))
                : Optional.of(field);
    }
}

package dev.carrel.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Optional;

/// Finds halves of characters in JSON: a surrogate without its other half is no text, cannot be
/// written as UTF-8, and would spoil every answer that holds it.
final class Surrogates {
    private Surrogates() {}

    /// Where the first string or name is that holds one: a path such as `metadata.k`.
    static Optional<String> unpaired(ObjectMapper mapper, byte[] json) throws IOException {
        return mayHold(json) ? search(mapper, json) : Optional.empty();
    }

    /// Nearly all bodies hold neither such an escape nor such bytes, and need no second reading.
    private static boolean mayHold(byte[] json) {
        for (int i = 0; i + 2 < json.length; i++) {
            boolean escape = json[i] == '\\' && json[i + 1] == 'u' && (json[i + 2] | 0x20) == 'd';
            boolean bytes = json[i] == (byte) 0xed && (json[i + 1] & 0xff) >= 0xa0;
            if (escape || bytes) {
                return true;
            }
        }
        return false;
    }

    private static Optional<String> search(ObjectMapper mapper, byte[] json) throws IOException {
        try (JsonParser parser = mapper.createParser(json)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                boolean text = token == JsonToken.VALUE_STRING || token == JsonToken.FIELD_NAME;
                if (text && isBroken(parser.getText())) {
                    return Optional.of(path(parser, token));
                }
            }
            return Optional.empty();
        }
    }

    /// A name that is itself broken cannot be shown: then it is what it stands in.
    private static String path(JsonParser parser, JsonToken token) {
        var context = parser.getParsingContext();
        var at = token == JsonToken.FIELD_NAME ? context.getParent() : context;
        String pointer = at == null ? "" : at.pathAsPointer().toString();
        return isBroken(pointer) ? "" : pointer.replaceFirst("^/", "").replace('/', '.');
    }

    private static boolean isBroken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                return true;
            }
        }
        return false;
    }
}

package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How a request becomes a WebSocket (RFC 6455, 4.2).
///
/// A browser's script can set no `Authorization` for one, so a key may come as a subprotocol: it
/// offers `carrel` and `carrel.key.<key>`, and is answered with the first. The key is never a part
/// of the address, which is logged in many places; and it is never a cookie, so a page of somebody
/// else's that opens one here has nothing to offer.
final class WebSocketHandshake {
    static final String PROTOCOL = "carrel";
    private static final String KEY_PREFIX = "carrel.key.";
    private static final String VERSION = "13";
    private static final int KEY_BYTES = 16;
    private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private WebSocketHandshake() {}

    static boolean isWanted(Request request) {
        return tokens(request.header("upgrade")).contains("websocket")
                && tokens(request.header("connection")).contains("upgrade");
    }

    /// The key among the subprotocols that are offered.
    static Optional<String> key(Optional<String> protocols) {
        return words(protocols).stream()
                .filter(word -> word.startsWith(KEY_PREFIX))
                .map(word -> word.substring(KEY_PREFIX.length()))
                .findFirst();
    }

    /// Fails with `UPGRADE_REQUIRED` when the request asks for no WebSocket of this kind.
    static String accept(Request request) {
        if (!isWanted(request)
                || !request.header("sec-websocket-version").orElse("").equals(VERSION)) {
            throw new CarrelException(
                    ErrorCode.UPGRADE_REQUIRED,
                    "This is a WebSocket of version 13: connect to it with a client for those");
        }
        String key = request.header("sec-websocket-key").orElse("").strip();
        if (!isKey(key)) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base 64");
        }
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-1")
                            .digest((key + MAGIC).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }

    private static boolean isKey(String text) {
        try {
            return Base64.getDecoder().decode(text).length == KEY_BYTES;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /// The subprotocol to answer with.
    static Optional<String> protocol(Request request) {
        return words(request.header("sec-websocket-protocol")).stream()
                .filter(PROTOCOL::equals)
                .findFirst();
    }

    /// The answer's head, as it goes on the wire.
    static byte[] head(Response answer, String requestId) {
        var text = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n");
        answer.headers().forEach((name, value) -> text.append(name + ": " + value + "\r\n"));
        text.append("x-request-id: ").append(requestId).append("\r\n\r\n");
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static List<String> tokens(Optional<String> header) {
        return words(header).stream().map(word -> word.toLowerCase(Locale.ROOT)).toList();
    }

    private static List<String> words(Optional<String> header) {
        return Arrays.stream(header.orElse("").split(",")).map(String::strip).toList();
    }
}

package dev.carrel.preview;

import dev.carrel.http.Field;
import dev.carrel.http.Fields;
import dev.carrel.http.RequestHead;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;

/// The header fields of a request as the application gets them: what concerns one connection only
/// is made anew, what says who the client is comes from us, and what opens previews stays here.
final class RequestFields {
    /// Meant for the next hop only, whatever Connection says (RFC 9110, 7.6.1).
    static final Set<String> HOP =
            Set.of(
                    "connection",
                    "proxy-connection",
                    "keep-alive",
                    "te",
                    "transfer-encoding",
                    "content-length",
                    "upgrade",
                    "proxy-authenticate",
                    "proxy-authorization");

    /// Said by us or by nobody.
    private static final Set<String> OURS =
            Set.of("host", "expect", "forwarded", "x-real-ip", "http2-settings");

    private RequestFields() {}

    /// `peer` is the client's address.
    static Fields of(RequestHead head, PreviewHost preview, String peer) {
        Set<String> named = head.fields().tokens("connection");
        var fields = new ArrayList<Field>();
        fields.add(new Field("Host", head.authority()));
        for (Field field : head.fields().list()) {
            if (!isKept(field.key(), named)) {
                continue;
            }
            clean(field).ifPresent(fields::add);
        }
        fields.add(new Field("X-Forwarded-For", peer));
        fields.add(new Field("X-Forwarded-Host", head.authority()));
        fields.add(new Field("X-Forwarded-Proto", preview.origin().scheme()));
        if (isWebSocket(head)) {
            fields.add(new Field("Connection", "Upgrade"));
            fields.add(new Field("Upgrade", "websocket"));
        } else {
            fields.add(new Field("Connection", "close"));
        }
        return new Fields(fields);
    }

    private static boolean isKept(String key, Set<String> named) {
        return !HOP.contains(key)
                && !OURS.contains(key)
                && !named.contains(key)
                && !key.startsWith("x-forwarded-")
                && !key.startsWith("x-carrel-");
    }

    private static Optional<Field> clean(Field field) {
        return switch (field.key()) {
            case "cookie" ->
                    Cookies.without(field.value(), PreviewGate.COOKIE)
                            .map(rest -> new Field(field.name(), rest));
            case "authorization" ->
                    Optional.of(field).filter(own -> !PreviewGate.isOurs(own.value()));
            case "referer" ->
                    Optional.of(field)
                            .filter(own -> !own.value().contains(PreviewGate.PARAMETER + "="));
            default -> Optional.of(field);
        };
    }

    /// No other protocol than WebSocket is switched to.
    static boolean isWebSocket(RequestHead head) {
        return head.wantsUpgrade()
                && head.method().equals("GET")
                && head.fields().tokens("upgrade").equals(Set.of("websocket"));
    }
}

package dev.carrel.http;

/// A request up to its body. `target` is as it was sent: it starts with a slash (or is `*`), and
/// may hold anything after that but spaces, control characters and `#`. `host` is the name of the
/// Host field in lower case, `authority` the whole of it.
public record RequestHead(
        String method,
        String target,
        String authority,
        String host,
        Fields fields,
        Framing framing) {
    /// Whether the client keeps the connection for further requests.
    public boolean keepsAlive() {
        return !fields.tokens("connection").contains("close");
    }

    /// Whether the client asks to speak another protocol from here on.
    public boolean wantsUpgrade() {
        return fields.tokens("connection").contains("upgrade") && fields.has("upgrade");
    }
}

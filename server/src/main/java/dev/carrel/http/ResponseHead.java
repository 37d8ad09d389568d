package dev.carrel.http;

import java.nio.charset.StandardCharsets;

/// An answer up to its body. `fields` do not say how the body is framed; `reason` may be empty.
public record ResponseHead(int status, String reason, Fields fields, Framing framing) {
    public ResponseHead {
        if (status < 100 || status > 999) {
            throw new IllegalArgumentException("not a status: " + status);
        }
        if (reason.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
            throw new IllegalArgumentException("not a reason phrase");
        }
    }

    public ResponseHead with(Fields other) {
        return new ResponseHead(status, reason, other, framing);
    }

    /// As it goes over the wire.
    byte[] toBytes() {
        var text = new StringBuilder("HTTP/1.1 ").append(status).append(' ').append(reason);
        for (Field field : fields.list()) {
            text.append("\r\n").append(field.name()).append(": ").append(field.value());
        }
        switch (framing) {
            case Framing.Length(long bytes) -> text.append("\r\nContent-Length: ").append(bytes);
            case Framing.Chunked() -> text.append("\r\nTransfer-Encoding: chunked");
            case Framing.None(), Framing.UntilClose() -> {}
        }
        return text.append("\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}

package dev.carrel.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The frames of RFC 6455 as a server reads and writes them. Reading is one thread's.
final class WebSocketFrames {
    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    /// Of a message, which may come in many frames.
    static final int MESSAGE_BYTES_MAX = 1 << 16;

    static final int CONTROL_BYTES_MAX = 125;

    private static final int FIN = 0x80;
    private static final int RESERVED = 0x70;
    private static final int MASKED = 0x80;
    private static final int LENGTH_OF_2 = 126;
    private static final int LENGTH_OF_8 = 127;

    private final WireInput in;

    WebSocketFrames(WireInput in) {
        this.in = in;
    }

    /// Bytes that nobody changes.
    @SuppressWarnings("ArrayRecordComponent")
    record Frame(int opcode, boolean last, byte[] payload) {
        boolean isControl() {
            return opcode >= CLOSE;
        }
    }

    /// What breaks the protocol, with the code that says how.
    static final class BrokenException extends IOException {
        private static final long serialVersionUID = 1;

        private final int code;

        BrokenException(int code, String message) {
            super(message);
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    Frame read() throws IOException {
        byte[] start = need(2);
        int opcode = start[0] & 0x0f;
        boolean last = (start[0] & FIN) != 0;
        boolean control = opcode >= CLOSE;
        if ((start[0] & RESERVED) != 0 || opcode > PONG || (opcode > BINARY && !control)) {
            throw new BrokenException(WebSocket.PROTOCOL_ERROR, "an unknown frame");
        }
        if ((start[1] & MASKED) == 0) {
            throw new BrokenException(WebSocket.PROTOCOL_ERROR, "a frame without a mask");
        }
        long length = length(start[1] & 0x7f);
        if (control && (!last || length > CONTROL_BYTES_MAX)) {
            throw new BrokenException(WebSocket.PROTOCOL_ERROR, "a control frame in parts");
        }
        if (length < 0 || length > MESSAGE_BYTES_MAX) {
            throw tooLarge();
        }
        byte[] mask = need(4);
        byte[] payload = need((int) length);
        for (int i = 0; i < payload.length; i++) {
            payload[i] ^= mask[i & 3];
        }
        return new Frame(opcode, last, payload);
    }

    static BrokenException tooLarge() {
        return new BrokenException(
                WebSocket.TOO_LARGE, "a message has at most " + MESSAGE_BYTES_MAX + " bytes");
    }

    /// What a close frame says.
    static byte[] goodbye(int code, String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        int most = Math.min(text.length, CONTROL_BYTES_MAX - 2);
        while (most < text.length && (text[most] & 0xc0) == 0x80) {
            most--; // no half of a character
        }
        return ByteBuffer.allocate(2 + most).putShort((short) code).put(text, 0, most).array();
    }

    /// The answer to a close frame: what it says, if that may stand on the wire (RFC 6455, 7.4), or
    /// else what is wrong with it.
    static byte[] answer(byte[] payload) {
        if (payload.length == 0) {
            return payload;
        }
        int code = payload.length == 1 ? 0 : ByteBuffer.wrap(payload).getShort() & 0xffff;
        boolean ofProtocol = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
        boolean registered = code >= 3000 && code <= 4999;
        if (!ofProtocol && !registered) {
            return goodbye(WebSocket.PROTOCOL_ERROR, "a close frame with no code that may be sent");
        }
        return isText(payload)
                ? payload
                : goodbye(WebSocket.INVALID_TEXT, "a reason that is not UTF-8");
    }

    private static boolean isText(byte[] payload) {
        try {
            StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(payload, 2, payload.length - 2));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private long length(int first) throws IOException {
        return switch (first) {
            case LENGTH_OF_2 -> Short.toUnsignedLong(ByteBuffer.wrap(need(2)).getShort());
            case LENGTH_OF_8 -> ByteBuffer.wrap(need(8)).getLong();
            default -> first;
        };
    }

    private byte[] need(int count) throws IOException {
        var bytes = new byte[count];
        for (int done = 0; done < count; ) {
            int size = in.read(bytes, done, count - done);
            if (size < 0) {
                throw new BrokenException(WebSocket.GONE, "the client has gone");
            }
            done += size;
        }
        return bytes;
    }

    /// A whole message, or a control frame.
    static byte[] write(int opcode, byte[] payload) {
        int length = payload.length;
        ByteBuffer frame = ByteBuffer.allocate(10 + length).put((byte) (FIN | opcode));
        if (length < LENGTH_OF_2) {
            frame.put((byte) length);
        } else if (length <= 0xffff) {
            frame.put((byte) LENGTH_OF_2).putShort((short) length);
        } else {
            frame.put((byte) LENGTH_OF_8).putLong(length);
        }
        frame.put(payload).flip();
        var bytes = new byte[frame.remaining()];
        frame.get(bytes);
        return bytes;
    }
}

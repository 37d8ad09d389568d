package dev.carrel.sandbox.oci;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// As much of protobuf's wire format as a few small messages need: fields that are whole numbers,
/// strings, bytes or messages (<https://protobuf.dev/programming-guides/encoding/>).
final class Protobuf {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int VARINT_BYTES_MAX = 10;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Protobuf number(int field, long value) {
        varint((long) field << 3 | VARINT);
        varint(value);
        return this;
    }

    Protobuf bytes(int field, byte[] value) {
        varint((long) field << 3 | BYTES);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    Protobuf string(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    private void varint(long value) {
        long left = value;
        while ((left & ~0x7fL) != 0) {
            out.write((int) ((left & 0x7f) | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }

    /// A message that was read. Of a field that comes more than once, the last one counts.
    static final class Message {
        private final Map<Integer, Long> numbers = new HashMap<>();
        private final Map<Integer, ByteBuffer> bytes = new HashMap<>();

        private Message() {}

        /// 0 when the field is not there, as protobuf has it.
        long number(int field) {
            return numbers.getOrDefault(field, 0L);
        }

        Optional<byte[]> bytes(int field) {
            return Optional.ofNullable(bytes.get(field)).map(Message::copy);
        }

        String string(int field) {
            return new String(bytes(field).orElse(new byte[0]), StandardCharsets.UTF_8);
        }

        private static byte[] copy(ByteBuffer from) {
            var copy = new byte[from.remaining()];
            from.duplicate().get(copy);
            return copy;
        }
    }

    /// Fails for what is no message.
    static Message parse(byte[] encoded) throws IOException {
        var message = new Message();
        ByteBuffer in = ByteBuffer.wrap(encoded);
        while (in.hasRemaining()) {
            long tag = varint(in);
            int field = (int) (tag >>> 3);
            switch ((int) (tag & 7)) {
                case VARINT -> message.numbers.put(field, varint(in));
                case FIXED64 -> take(in, Long.BYTES);
                case BYTES -> message.bytes.put(field, take(in, varint(in)));
                case FIXED32 -> take(in, Integer.BYTES);
                default -> throw new IOException("not a protobuf message");
            }
        }
        return message;
    }

    private static long varint(ByteBuffer in) throws IOException {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES_MAX && in.hasRemaining(); i++) {
            byte next = in.get();
            value |= (next & 0x7fL) << (7 * i);
            if (next >= 0) {
                return value;
            }
        }
        throw new IOException("a protobuf message is cut off");
    }

    private static ByteBuffer take(ByteBuffer in, long length) throws IOException {
        if (length < 0 || length > in.remaining()) {
            throw new IOException("a protobuf message is cut off");
        }
        ByteBuffer taken = in.slice(in.position(), (int) length);
        in.position(in.position() + (int) length);
        return taken;
    }
}

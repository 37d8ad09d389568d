package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.HostName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// The first message of a TLS connection (RFC 8446), read as far as the name that it is for.
final class ClientHello {
    static final int HANDSHAKE = 22;

    private static final int RECORD_HEADER_BYTES = 5;
    private static final int RECORD_BYTES_MAX = 1 << 14;
    private static final int MESSAGE_HEADER_BYTES = 4;
    private static final int MESSAGE_BYTES_MAX = 1 << 16;

    /// A message cut into single bytes is not how anyone greets.
    private static final int RECORDS_MAX = 64;

    private static final int CLIENT_HELLO = 1;
    private static final int VERSION_AND_RANDOM_BYTES = 34;
    private static final int SERVER_NAME = 0;

    /// Encrypted names (ECH, and the draft before it) would say one thing here and another there.
    private static final Set<Integer> ENCRYPTED_NAMES = Set.of(0xfe0d, 0xffce);

    private final HostName name;
    private final byte[] bytes;

    private ClientHello(HostName name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    HostName name() {
        return name;
    }

    /// All that was read, to be sent on as it came.
    byte[] bytes() {
        return bytes;
    }

    /// Reads exactly this message. Fails with [Refused] when it names no host, or hides one.
    static ClientHello read(InputStream input) throws IOException {
        var raw = new ByteArrayOutputStream();
        var message = new ByteArrayOutputStream();
        for (int records = 0; !isWhole(message); records++) {
            if (records == RECORDS_MAX) {
                throw Refused.malformed("its TLS hello comes in too many records");
            }
            record(input, raw, message);
        }
        byte[] body = message.toByteArray();
        int length = length(body);
        if (body.length != MESSAGE_HEADER_BYTES + length) {
            throw Refused.malformed("more than a TLS hello comes first");
        }
        try {
            HostName name = name(ByteBuffer.wrap(body, MESSAGE_HEADER_BYTES, length));
            return new ClientHello(name, raw.toByteArray());
        } catch (BufferUnderflowException
                | IndexOutOfBoundsException
                | IllegalArgumentException e) {
            throw Refused.malformed("its TLS hello is cut");
        }
    }

    private static void record(
            InputStream input, ByteArrayOutputStream raw, ByteArrayOutputStream message)
            throws IOException {
        byte[] header = input.readNBytes(RECORD_HEADER_BYTES);
        raw.write(header);
        if (header.length < RECORD_HEADER_BYTES || header[0] != HANDSHAKE || header[1] != 3) {
            throw Refused.malformed("it is no TLS hello");
        }
        int length = Short.toUnsignedInt(ByteBuffer.wrap(header).getShort(3));
        if (length == 0 || length > RECORD_BYTES_MAX) {
            throw Refused.malformed("a TLS record of " + length + " bytes");
        }
        byte[] payload = input.readNBytes(length);
        if (payload.length < length) {
            throw Refused.malformed("its TLS hello is cut");
        }
        raw.write(payload);
        message.write(payload);
    }

    private static boolean isWhole(ByteArrayOutputStream message) throws Refused {
        if (message.size() < MESSAGE_HEADER_BYTES) {
            return false;
        }
        byte[] start = message.toByteArray();
        if (start[0] != CLIENT_HELLO || length(start) > MESSAGE_BYTES_MAX) {
            throw Refused.malformed("it is no TLS hello");
        }
        return start.length >= MESSAGE_HEADER_BYTES + length(start);
    }

    private static int length(byte[] message) {
        return ByteBuffer.wrap(message).getInt(0) & 0xff_ffff;
    }

    private static HostName name(ByteBuffer hello) throws Refused {
        skip(hello, VERSION_AND_RANDOM_BYTES);
        skip(hello, Byte.toUnsignedInt(hello.get())); // session id
        skip(hello, Short.toUnsignedInt(hello.getShort())); // cipher suites
        skip(hello, Byte.toUnsignedInt(hello.get())); // compression methods
        if (!hello.hasRemaining()) {
            throw Refused.malformed("its TLS hello names no host");
        }
        ByteBuffer extensions = part(hello, Short.toUnsignedInt(hello.getShort()));
        if (hello.hasRemaining()) {
            throw Refused.malformed("its TLS hello has a tail");
        }
        Optional<HostName> name = Optional.empty();
        Set<Integer> seen = new HashSet<>();
        while (extensions.hasRemaining()) {
            int type = Short.toUnsignedInt(extensions.getShort());
            ByteBuffer content = part(extensions, Short.toUnsignedInt(extensions.getShort()));
            if (!seen.add(type)) {
                throw Refused.malformed("its TLS hello has an extension twice");
            }
            if (ENCRYPTED_NAMES.contains(type)) {
                throw Refused.malformed(
                        "its TLS hello has an encrypted name (ECH), which cannot be checked");
            }
            if (type == SERVER_NAME) {
                name = Optional.of(serverName(content));
            }
        }
        return name.orElseThrow(() -> Refused.malformed("its TLS hello names no host"));
    }

    // RFC 6066: a list, of which only one entry of type 0 was ever used.
    private static HostName serverName(ByteBuffer content) throws Refused {
        ByteBuffer list = part(content, Short.toUnsignedInt(content.getShort()));
        int type = list.get();
        ByteBuffer name = part(list, Short.toUnsignedInt(list.getShort()));
        if (type != 0 || list.hasRemaining() || content.hasRemaining()) {
            throw Refused.malformed("its TLS hello has more than one name");
        }
        String text = StandardCharsets.ISO_8859_1.decode(name).toString();
        return HostName.parse(text)
                .orElseThrow(() -> Refused.malformed("its TLS hello names no host by its name"));
    }

    private static void skip(ByteBuffer buffer, int bytes) {
        buffer.position(buffer.position() + bytes);
    }

    private static ByteBuffer part(ByteBuffer buffer, int bytes) {
        ByteBuffer part = buffer.slice(buffer.position(), bytes);
        skip(buffer, bytes);
        return part;
    }
}

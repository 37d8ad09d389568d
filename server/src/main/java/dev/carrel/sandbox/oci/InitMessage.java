package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.ExecutionId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/// What pid 1 says; `carrel-init.h` has the format. Nothing in it is trusted.
sealed interface InitMessage {
    int VERSION = 2;
    int BYTES_MAX = 1 << 16;

    record Hello() implements InitMessage {}

    record Started(ExecutionId id) implements InitMessage {}

    record Already(ExecutionId id) implements InitMessage {}

    record Refused(ExecutionId id, int errno) implements InitMessage {}

    record Output(ExecutionId id, Stream stream, long bytes) implements InitMessage {}

    record Exit(ExecutionId id, ExitRecord record) implements InitMessage {}

    record Listed(Set<ExecutionId> ids) implements InitMessage {}

    record KilledAll() implements InitMessage {}

    /// What became of an input; 0 means that it was taken.
    record Taken(ExecutionId id, int errno) implements InitMessage {}

    record Drained(ExecutionId id) implements InitMessage {}

    /// Fails with `IllegalArgumentException` when it is no message.
    static InitMessage parse(ByteBuffer body) {
        try {
            byte type = body.get();
            return switch (type) {
                case 16 -> hello(body.getInt());
                case 17 -> new Started(id(body));
                case 18 -> new Already(id(body));
                case 19 -> new Refused(id(body), body.getInt());
                case 20 -> new Output(id(body), stream(body.get()), body.getLong());
                case 21 -> new Exit(id(body), exit(body));
                case 22 -> new Listed(ids(body));
                case 24 -> new KilledAll();
                case 25 -> new Taken(id(body), body.getInt());
                case 26 -> new Drained(id(body));
                default -> throw new IllegalArgumentException("unknown message " + type);
            };
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("a message is cut short", e);
        }
    }

    private static InitMessage hello(int version) {
        if (version != VERSION) {
            throw new IllegalArgumentException("pid 1 speaks version " + version);
        }
        return new Hello();
    }

    private static ExecutionId id(ByteBuffer body) {
        var text = new byte[Byte.toUnsignedInt(body.get())];
        body.get(text);
        return new ExecutionId(new String(text, StandardCharsets.US_ASCII));
    }

    private static Stream stream(byte number) {
        return switch (number) {
            case 1 -> Stream.STDOUT;
            case 2 -> Stream.STDERR;
            default -> throw new IllegalArgumentException("unknown stream " + number);
        };
    }

    private static ExitRecord exit(ByteBuffer body) {
        var line = new byte[body.remaining()];
        body.get(line);
        return ExitRecord.parse(line)
                .orElseThrow(() -> new IllegalArgumentException("not a record of an exit"));
    }

    private static Set<ExecutionId> ids(ByteBuffer body) {
        int count = body.getInt();
        Set<ExecutionId> ids = new HashSet<>();
        while (body.hasRemaining()) {
            ids.add(id(body));
        }
        if (ids.size() != count) {
            throw new IllegalArgumentException("a list of " + ids.size() + " says " + count);
        }
        return ids;
    }
}

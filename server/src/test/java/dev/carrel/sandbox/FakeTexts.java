package dev.carrel.sandbox;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/// Makes whole characters of the bytes of both outputs. Used by one thread.
final class FakeTexts {
    private final Execution.OutputListener listener;
    private final Map<Execution.Stream, Utf8Decoder> decoders =
            new EnumMap<>(Execution.Stream.class);
    private final Map<Execution.Stream, Long> ends = new EnumMap<>(Execution.Stream.class);

    FakeTexts(Execution.OutputListener listener) {
        this.listener = listener;
        for (Execution.Stream stream : Execution.Stream.values()) {
            decoders.put(stream, new Utf8Decoder());
            ends.put(stream, 0L);
        }
    }

    void tell(Execution.Stream stream, long place, byte[] bytes) {
        ends.put(stream, place + bytes.length);
        pass(stream, decoder(stream).decode(bytes));
    }

    /// What is left of characters that never became whole.
    void finish() {
        for (Execution.Stream stream : Execution.Stream.values()) {
            pass(stream, decoder(stream).end());
        }
    }

    private Utf8Decoder decoder(Execution.Stream stream) {
        return Objects.requireNonNull(decoders.get(stream));
    }

    private void pass(Execution.Stream stream, String text) {
        if (!text.isEmpty()) {
            long end = Objects.requireNonNull(ends.get(stream)) - decoder(stream).bytesCut();
            listener.output(stream, text, end);
        }
    }
}

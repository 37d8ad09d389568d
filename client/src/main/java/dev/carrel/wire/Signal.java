package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/// A signal of Linux: on the wire a name, with or without `SIG`, or a number from 1 to 64.
public record Signal(int number) {
    /// From 1 on.
    private static final List<String> NAMES =
            List.of(
                    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
                    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
                    "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
                    "PWR", "SYS");

    private static final int MAX = 64;

    public static final Signal KILL = new Signal(9);

    public Signal {
        if (number < 1 || number > MAX) {
            throw new IllegalArgumentException("signal must be a name like TERM, or 1 to " + MAX);
        }
    }

    public static Signal of(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        if (name.matches("[0-9]{1,3}")) {
            return new Signal(Integer.parseInt(name));
        }
        return new Signal(NAMES.indexOf(name.replaceFirst("^SIG", "")) + 1);
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Signal parse(JsonNode json) {
        return json.isInt() ? new Signal(json.intValue()) : of(json.asText());
    }

    @JsonValue
    String name() {
        return number <= NAMES.size() ? NAMES.get(number - 1) : Integer.toString(number);
    }
}

package dev.carrel.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.carrel.wire.Json;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Option;

/// How a command prints what it has to say.
final class OutputOptions {
    @Option(names = "--json", description = "Print JSON instead of text.")
    private boolean json;

    boolean json() {
        return json;
    }

    /// Prints `value` as one line of JSON, or `text`.
    void print(Object value, String text) {
        PrintWriter out = writer();
        out.println(json ? toJson(value) : text);
        out.flush();
    }

    Terminal terminal() {
        return Terminal.standard(writer(), System.getenv());
    }

    private static PrintWriter writer() {
        return new PrintWriter(
                new OutputStreamWriter(System.out, StandardCharsets.UTF_8), /* autoFlush= */ false);
    }

    static String toJson(Object value) {
        try {
            return Json.lenient().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + value.getClass(), e);
        }
    }
}

package dev.carrel.cli;

import java.io.PrintWriter;
import java.util.Map;

/// Where commands write: plain text, with colours if a person looks at a terminal that wants them.
final class Terminal {
    /// What a piece of text means; each looks different on a terminal.
    enum Style {
        PLAIN(""),
        STRONG("1"),
        DIM("2"),
        GOOD("32"),
        BAD("31"),
        ACTION("36"),
        NOTE("33");

        private final String code;

        Style(String code) {
            this.code = code;
        }
    }

    private final PrintWriter out;
    private final boolean colour;

    Terminal(PrintWriter out, boolean colour) {
        this.out = out;
        this.colour = colour;
    }

    /// Standard output; colours unless it is no terminal, or `NO_COLOR` or `TERM=dumb` say
    /// otherwise.
    static Terminal standard(PrintWriter out, Map<String, String> environment) {
        boolean wanted =
                environment.getOrDefault("NO_COLOR", "").isEmpty()
                        && !environment.getOrDefault("TERM", "dumb").equals("dumb");
        return new Terminal(out, wanted && onTerminal());
    }

    /// Whether a person reads the output. The launcher says so: the JVM cannot tell when only
    /// standard input is redirected.
    static boolean onTerminal() {
        return Boolean.getBoolean("carrel.terminal");
    }

    void line(Style style, String text) {
        write(style, text);
        out.println();
        out.flush();
    }

    void line(String text) {
        line(Style.PLAIN, text);
    }

    /// Writes without ending the line, so that a live stream appears as it arrives.
    void write(Style style, String text) {
        out.print(
                colour && style != Style.PLAIN
                        ? "\u001b[" + style.code + "m" + text + "\u001b[0m"
                        : text);
        out.flush();
    }
}

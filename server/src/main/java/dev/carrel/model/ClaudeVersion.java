package dev.carrel.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a model's name tells about how it thinks. A name without a version is taken for a new
/// model.
record ClaudeVersion(int major, int minor) {
    /// How a model is told to think.
    enum Thinking {
        NONE,
        /// With a budget of tokens; from 4.7 on refused.
        BUDGET,
        /// As much as the model sees fit, guided by an effort; unknown before 4.6.
        ADAPTIVE
    }

    /// Also finds the version in names of clouds and gateways such as `anthropic.claude-opus-4-6`;
    /// a date (`claude-sonnet-4-20250514`) is not a minor version.
    private static final Pattern NAME =
            Pattern.compile("claude-(?:[a-z]+-)?(\\d{1,2})(?:[-.](\\d{1,2}))?(?!\\d)");

    private static final ClaudeVersion NEWEST = new ClaudeVersion(99, 0);

    static ClaudeVersion of(String model) {
        Matcher matcher = NAME.matcher(model);
        if (!matcher.find()) {
            return NEWEST;
        }
        int minor = matcher.group(2) == null ? 0 : Integer.parseInt(matcher.group(2));
        return new ClaudeVersion(Integer.parseInt(matcher.group(1)), minor);
    }

    Thinking thinking() {
        if (isAtLeast(4, 6)) {
            return Thinking.ADAPTIVE;
        }
        return isAtLeast(3, 7) ? Thinking.BUDGET : Thinking.NONE;
    }

    /// The API wants a limit with each request: what the smallest model of the generation takes.
    int outputTokensMax() {
        return isAtLeast(3, 7) ? 32_000 : 4_096;
    }

    private boolean isAtLeast(int otherMajor, int otherMinor) {
        return major > otherMajor || (major == otherMajor && minor >= otherMinor);
    }
}

package dev.carrel.model;

import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a provider that refuses a conversation as too long says of how long it may be.
public final class ContextLimit {
    /// In the words of Anthropic (`exceed context limit: 190000 + 20000 > 200000`), Mistral (`with
    /// 32768 maximum context length`), OpenAI, xAI and Gemini (`maximum context length is 128000`,
    /// `maximum number of tokens allowed (1048576)`) and llama.cpp (`context size (4096 tokens)`),
    /// the surest first.
    private static final List<Pattern> STATED =
            Stream.of(
                            "> ?(\\d{3,9})",
                            "(\\d{3,9}) maximum",
                            "maximum[^\\d]{0,60}?(\\d{3,9})",
                            "context (?:length|size|window|limit)[^\\d]{0,40}?(\\d{3,9})")
                    .map(regex -> Pattern.compile(regex, Pattern.CASE_INSENSITIVE))
                    .toList();

    private ContextLimit() {}

    /// In tokens, as the provider counts.
    public static OptionalLong stated(String complaint) {
        String plain = complaint.replaceAll("(?<=\\d)[,_](?=\\d{3})", "");
        for (Pattern pattern : STATED) {
            Matcher matcher = pattern.matcher(plain);
            if (matcher.find()) {
                return OptionalLong.of(Long.parseLong(matcher.group(1)));
            }
        }
        return OptionalLong.empty();
    }
}

package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerEventParserTest {
    private static List<ServerEvent> parse(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        var whole = new ServerEventParser().feed(bytes);
        var parser = new ServerEventParser();
        var single = new ArrayList<ServerEvent>();
        for (byte b : bytes) {
            single.addAll(parser.feed(new byte[] {b}));
        }
        assertThat(single).as("byte by byte").isEqualTo(whole);
        return whole;
    }

    @Test
    void readsNamesAndData() {
        assertThat(parse("event: a\ndata: 1\n\ndata:2\n\n"))
                .containsExactly(new ServerEvent("a", "1"), new ServerEvent("", "2"));
    }

    @Test
    void takesEveryLineEnd() {
        assertThat(parse("data: ä\r\n\r\ndata: 木\r\rdata: 🌲\n\n"))
                .extracting(ServerEvent::data)
                .containsExactly("ä", "木", "🌲");
    }

    @Test
    void joinsTheLinesOfAnEvent() {
        assertThat(parse("data: 1\ndata:\ndata:  2\n\n"))
                .containsExactly(new ServerEvent("", "1\n\n 2"));
    }

    @Test
    void skipsCommentsOtherFieldsAndEventsWithoutData() {
        assertThat(parse(": ping\n\nid: 7\nretry: 9\nfoo\ndata: x\n\nevent: lost\n\ndata: y\n\n"))
                .containsExactly(new ServerEvent("", "x"), new ServerEvent("", "y"));
    }

    @Test
    void dropsWhatTheEndCutOff() {
        assertThat(parse("data: 1\n\ndata: 2\n")).containsExactly(new ServerEvent("", "1"));
    }
}

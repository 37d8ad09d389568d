package dev.carrel.model;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Cuts a byte stream into server-sent events as the HTML standard defines them, wherever the
/// network cut it. An event that the stream's end leaves unfinished is dropped.
final class ServerEventParser {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final List<String> data = new ArrayList<>();
    private String name = "";
    private boolean lastWasReturn;

    List<ServerEvent> feed(byte[] bytes) {
        var events = new ArrayList<ServerEvent>();
        for (byte b : bytes) {
            if (b == '\n' && lastWasReturn) {
                lastWasReturn = false; // the second half of \r\n
                continue;
            }
            lastWasReturn = b == '\r';
            if (b == '\n' || b == '\r') {
                endLine(events);
            } else {
                line.write(b);
            }
        }
        return events;
    }

    private void endLine(List<ServerEvent> events) {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (!text.isEmpty()) {
            field(text);
            return;
        }
        if (!data.isEmpty()) {
            events.add(new ServerEvent(name, String.join("\n", data)));
        }
        data.clear();
        name = "";
    }

    private void field(String text) {
        int colon = text.indexOf(':');
        String field = colon < 0 ? text : text.substring(0, colon);
        String value = colon < 0 ? "" : text.substring(colon + 1);
        if (value.startsWith(" ")) {
            value = value.substring(1);
        }
        // A comment has an empty field name; id and retry mean nothing here.
        switch (field) {
            case "data" -> data.add(value);
            case "event" -> name = value;
            default -> {}
        }
    }
}

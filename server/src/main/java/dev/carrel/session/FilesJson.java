package dev.carrel.session;

import static dev.carrel.session.EventBody.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;

/// The fields of the events that say what became of a session's files: see [EventJson].
final class FilesJson {
    private FilesJson() {}

    static void write(Event.SnapshotTaken event, ObjectNode body) {
        body.put("snapshot", event.snapshot()).put("since", event.since());
    }

    static void write(Event.SnapshotFailed event, ObjectNode body) {
        body.put("since", event.since());
        GuardJson.write(event.error(), body);
    }

    static void write(Event.SessionForked event, ObjectNode body) {
        body.put("from", event.from()).put("at", event.at());
        write(event.files(), body);
    }

    static void write(Event.SessionRewound event, ObjectNode body) {
        body.put("to", event.to());
        write(event.files(), body);
    }

    private static void write(FilesThen files, ObjectNode body) {
        switch (files) {
            case FilesThen.Restored restored ->
                    body.put("files", "restored").put("snapshot", restored.snapshot());
            case FilesThen.None _ -> body.put("files", "none");
            case FilesThen.Left _ -> body.put("files", "left");
        }
    }

    static Event snapshotTaken(JsonNode body) {
        return new Event.SnapshotTaken(text(body, "snapshot"), body.path("since").asLong());
    }

    static Event snapshotFailed(JsonNode body) {
        return new Event.SnapshotFailed(
                body.path("since").asLong(),
                GuardJson.error(body).orElse(new Event.TurnError("", "")));
    }

    static Event sessionForked(JsonNode body) {
        return new Event.SessionForked(text(body, "from"), body.path("at").asLong(), files(body));
    }

    static Event sessionRewound(JsonNode body) {
        return new Event.SessionRewound(body.path("to").asLong(), files(body));
    }

    private static FilesThen files(JsonNode body) {
        return switch (body.path("files").asText("left")) {
            case "restored" -> new FilesThen.Restored(text(body, "snapshot"));
            case "none" -> new FilesThen.None();
            default -> new FilesThen.Left();
        };
    }
}

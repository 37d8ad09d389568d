package dev.carrel.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.SessionInfo;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows a session's journal.
@Command(
        name = "logs",
        description = "Show the journal of a session.",
        mixinStandardHelpOptions = true)
final class LogsCommand implements Callable<Integer> {
    private static final int PAGE = 500;
    private static final int DETAIL_LENGTH_MAX = 160;

    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Parameters(
            paramLabel = "SESSION",
            arity = "0..1",
            description = "The session. Default: the newest.")
    private Optional<String> session = Optional.empty();

    @Option(
            names = {"-f", "--follow"},
            description = "Go on with what happens, until interrupted.")
    private boolean follow;

    @Override
    public Integer call() {
        CarrelClient client = server.client();
        String id = session.orElseGet(() -> newest(client));
        if (follow) {
            client.sessions().get(id); // a feed would wait for a server that is not there
            follow(client, id);
        } else {
            readAll(client, id);
        }
        return 0;
    }

    private static String newest(CarrelClient client) {
        List<SessionInfo> sessions = client.sessions().list(1, Optional.empty()).data();
        if (sessions.isEmpty()) {
            throw new CarrelException(ErrorCode.SESSION_NOT_FOUND, "there are no sessions yet");
        }
        return sessions.getFirst().id();
    }

    private void readAll(CarrelClient client, String id) {
        long after = 0;
        List<SessionEvent> page;
        do {
            page = client.sessions().events(id, after, PAGE);
            for (SessionEvent event : page) {
                show(event);
                after = event.seq().orElse(after);
            }
        } while (!page.isEmpty());
    }

    private void follow(CarrelClient client, String id) {
        try (EventFeed feed = client.sessions().follow(id, 0)) {
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                if (event.seq().isPresent()) {
                    show(event);
                }
            }
        }
    }

    private void show(SessionEvent event) {
        JsonNode json = event.json();
        output.print(
                json,
                "%5d  %s  %-18s %s"
                        .formatted(
                                event.seq().orElse(0),
                                json.path("time").asText(),
                                event.type(),
                                detail(json)));
    }

    /// The fields that are not in the columns, on one line.
    private static String detail(JsonNode json) {
        ObjectNode rest = json.deepCopy();
        rest.remove(List.of("seq", "time", "type", "turn"));
        String text = rest.toString();
        return text.length() <= DETAIL_LENGTH_MAX
                ? text
                : text.substring(0, DETAIL_LENGTH_MAX) + "…";
    }
}

package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ApprovalRequest;
import java.io.BufferedReader;
import java.io.FileReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Asks the person at the terminal about calls that wait for a word.
final class Approver {
    private static final String QUESTION =
            "  Allow it? y: yes, n [REASON]: no, a: always in this session > ";

    private final CarrelClient client;
    private final String session;
    private final Terminal terminal;
    private final boolean askable;

    /// Nobody can be asked: the turn waits until somebody decides elsewhere.
    static final class UnansweredException extends RuntimeException {
        UnansweredException() {
            super("the turn waits for approval");
        }
    }

    Approver(CarrelClient client, String session, Terminal terminal, boolean askable) {
        this.client = client;
        this.session = session;
        this.terminal = terminal;
        this.askable = askable;
    }

    /// Takes each event of the turn. Fails with [UnansweredException] when a call waits and nobody
    /// answers.
    void on(SessionEvent event) {
        if (!event.type().equals("approval.requested")) {
            return;
        }
        String call = event.json().path("call_id").asText();
        if (!askable) {
            throw new UnansweredException();
        }
        if (client.sessions().get(session).approvals().stream()
                .anyMatch(waiting -> waiting.call().equals(call))) {
            decide(call, answer());
        }
    }

    private void decide(String call, ApprovalRequest decision) {
        try {
            client.sessions().decide(session, call, decision);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.CONFLICT) {
                throw e;
            }
            terminal.line(Terminal.Style.NOTE, "  Somebody else was faster: " + e.text());
        }
    }

    private ApprovalRequest answer() {
        try (var lines = new BufferedReader(new FileReader("/dev/tty", StandardCharsets.UTF_8))) {
            while (true) {
                terminal.write(Terminal.Style.NOTE, QUESTION);
                Optional<ApprovalRequest> answer =
                        parse(
                                Optional.ofNullable(lines.readLine())
                                        .orElseThrow(() -> new UnansweredException()));
                if (answer.isPresent()) {
                    return answer.get();
                }
            }
        } catch (IOException e) {
            throw new UnansweredException(); // there is no terminal
        }
    }

    /// Empty for what is no answer.
    static Optional<ApprovalRequest> parse(String line) {
        String[] words = line.strip().split("\\s+", 2);
        Optional<String> rest = words.length == 2 ? Optional.of(words[1]) : Optional.empty();
        return switch (words[0].toLowerCase(java.util.Locale.ROOT)) {
            case "y", "yes" ->
                    rest.isEmpty() ? Optional.of(ApprovalRequest.allow()) : Optional.empty();
            case "a", "always" ->
                    rest.isEmpty()
                            ? Optional.of(ApprovalRequest.allowForSession())
                            : Optional.empty();
            case "n", "no" -> Optional.of(ApprovalRequest.deny(rest));
            default -> Optional.empty();
        };
    }
}

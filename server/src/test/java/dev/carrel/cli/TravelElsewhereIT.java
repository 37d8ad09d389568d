package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Sessions go back in time where sandboxes, or their disks, are of another kind.
@Timeout(120)
class TravelElsewhereIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "first"
                steps:
                  - calls: [{name: bash, arguments: {command: "echo one > file"}}]
                  - text: "First is done."
              - when: "second"
                steps:
                  - calls: [{name: bash, arguments: {command: "echo two > file; echo x > more"}}]
                  - text: "Second is done."
              - when: "look"
                steps:
                  - calls: [{name: bash, arguments: {command: "cat file"}}]
                  - expect: ["one"]
                    text: "It is one."
            """;

    private CarrelClient client;

    @Test
    void underGvisorAsAnywhere() throws Exception {
        Assumptions.assumeTrue(HostCommand.find("runsc").isPresent(), "NOT TESTED: no runsc here");
        String agents =
                "[{\"name\": \"a\", \"model\": \"script/x\","
                        + " \"workspace\": {\"isolation\": \"gvisor\"}}]";
        try (RealServer server = RealServer.scripted(SCRIPT, agents)) {
            client = server.client();
            String session = session();
            long first = turn(session, "first");
            turn(session, "second");

            SessionInfo fork = client.sessions().fork(session, SessionForkRequest.at(first));
            assertThat(file(fork.id())).isEqualTo("one\n");
            assertThat(client.sandboxes().get(sandbox(fork.id())).isolation()).isEqualTo("gvisor");
            turn(fork.id(), "look");
            assertThat(file(session)).isEqualTo("two\n");
            assertThat(client.sessions().diff(session, first, Optional.empty()).patch())
                    .contains("-one\n+two\n", "+++ b/more");

            client.sessions().rewind(session, RewindRequest.to(first));
            assertThat(file(session)).isEqualTo("one\n");
            turn(session, "look");
            client.sessions().delete(fork.id());
            client.sessions().delete(session);
        }
    }

    @Test
    void onPlainFoldersAForkHasTheFilesOfNowAndTheRestSaysWhyNot(@TempDir Path folder)
            throws Exception {
        String agents = "[{\"name\": \"a\", \"model\": \"script/x\"}]";
        try (var host = WithoutBtrfs.in(folder.resolve("bin"));
                RealServer server = RealServer.scripted(SCRIPT, agents, "", host.environment())) {
            assertThat(server.home().resolve("pool.btrfs")).doesNotExist();
            client = server.client();
            String session = session();
            long first = turn(session, "first");

            SessionInfo fork = client.sessions().fork(session, SessionForkRequest.ofNow());
            long second = turn(session, "second");
            assertThat(file(fork.id())).isEqualTo("one\n");
            turn(fork.id(), "look");
            assertThat(file(session)).isEqualTo("two\n");

            assertSaysWhyNot(() -> client.sessions().fork(session, SessionForkRequest.at(first)));
            assertSaysWhyNot(() -> client.sessions().rewind(session, RewindRequest.to(first)));
            assertSaysWhyNot(() -> client.sessions().diff(session, first, Optional.of(second)));
            assertThat(file(session)).isEqualTo("two\n");
            client.sessions().rewind(session, RewindRequest.to(first).withoutFiles());
            assertThat(file(session)).isEqualTo("two\n");
            client.sessions().delete(fork.id());
            client.sessions().delete(session);
        }
    }

    private static String assertSaysWhyNot(ThrowingCallable call) {
        CarrelException refused = catchThrowableOfType(CarrelException.class, call);
        assertThat(refused).isNotNull();
        assertThat(refused.code()).isEqualTo(ErrorCode.NOT_SUPPORTED);
        assertThat(refused.text()).contains("plain folders");
        return refused.text();
    }

    private String session() {
        return client.sessions().create(SessionRequest.of("a")).id();
    }

    /// Returns the number of its last entry.
    private long turn(String session, String message) {
        var end = Turns.run(client, session, MessageRequest.of(message), event -> {});
        assertThat(end.json().path("stop_reason").asText()).as(end.toString()).isEqualTo("end");
        return end.seq().orElseThrow();
    }

    private String sandbox(String session) {
        return client.sessions().get(session).sandbox().orElseThrow();
    }

    private String file(String session) throws IOException {
        try (InputStream file = client.sandboxes().readFile(sandbox(session), "/workspace/file")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

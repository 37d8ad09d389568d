package dev.carrel.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.carrel.agent.ListJournal.Crash;
import dev.carrel.agent.ListJournal.Moment;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Models;
import dev.carrel.model.ScriptedModel;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.FakeRuntime;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.tool.Memory;
import dev.carrel.tool.ToolContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The loop with the built-in tools, real commands and a scripted model.
@Timeout(120)
class AgentLoopWithToolsTest {
    private static final int LINES = 9;

    @TempDir Path directory;

    /// Ten steps: nine append a line and read, the last says goodbye.
    private static String script() {
        var script = new StringBuilder("conversations:\n  - steps:\n");
        for (int i = 1; i <= LINES; i++) {
            script.append(i == 1 ? "" : "      - expect: [\"line " + (i - 1) + "\"]\n")
                    .append(i == 1 ? "      - calls:\n" : "        calls:\n")
                    .append(
                            """
                                      - {name: list, arguments: {}}
                                      - {name: bash, arguments: {command: "echo line %d | tee -a log"}}
                                      - {name: read, arguments: {path: log}}
                            """
                                    .formatted(i));
        }
        return script.append("      - text: done\n").toString();
    }

    /// A sandbox with its own files, and loops that come and go.
    private final class World implements AutoCloseable {
        final FakeHost host;
        final RunningSandbox sandbox;
        final ChatModel model = ScriptedModel.parse(script(), "script.yaml");

        World(String name) throws IOException {
            host = new FakeHost(Files.createDirectories(directory.resolve(name)));
            sandbox = new FakeRuntime(host).create(SandboxId.next(), SandboxSpec.defaults());
            sandbox.files().makeDirectory(WorkspaceSettings.DIRECTORY);
        }

        void run(Journal journal) {
            new AgentLoop(
                            agent(),
                            new OneModel(model),
                            BuiltinTools.all(),
                            journal,
                            call -> new Context(sandbox, call),
                            new Cancellation())
                    .run();
        }

        String log() throws IOException {
            try (var in = sandbox.files().read("/workspace/log", 0)) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }

        @Override
        public void close() {
            host.close();
        }
    }

    private record OneModel(ChatModel model) implements Models {
        @Override
        public ChatModel provider(String name) {
            return model;
        }

        @Override
        public Set<String> names() {
            return Set.of("scripted");
        }
    }

    private record Context(RunningSandbox sandbox, String call) implements ToolContext {
        @Override
        public SandboxFiles files() {
            return sandbox.files();
        }

        @Override
        public Execution execute(ExecutionRequest request) {
            return sandbox.start(new ExecutionId("exe_" + call.toLowerCase(Locale.ROOT)), request);
        }

        @Override
        public String directory() {
            return WorkspaceSettings.DIRECTORY;
        }

        @Override
        public Memory memory() {
            throw new AssertionError("no memory here");
        }

        @Override
        public void output(String text) {}

        @Override
        public Cancellation cancellation() {
            return new Cancellation();
        }
    }

    private static AgentDefinition agent() {
        return AgentDefinition.of("coder", new ModelRef("scripted", "lines")).build();
    }

    private static String expectedLog() {
        var log = new StringBuilder();
        for (int i = 1; i <= LINES; i++) {
            log.append("line ").append(i).append('\n');
        }
        return log.toString();
    }

    @Test
    void everyCommandRunsOnceWhereverTheServerDies() throws IOException {
        ListJournal undisturbed = Stage.journal();
        try (var world = new World("undisturbed")) {
            world.run(undisturbed);
            assertThat(world.log()).isEqualTo(expectedLog());
        }
        assertThat(Stage.shape(undisturbed.events())).endsWith("answer:10", "end:end");
        for (int append = 0; append < undisturbed.appends(); append += 3) {
            Moment moment = append % 2 == 0 ? Moment.BEFORE : Moment.AFTER;
            try (var world = new World("crash" + append)) {
                ListJournal journal = Stage.journal().crashAt(append, moment);
                assertThat(catchThrowable(() -> world.run(journal))).isInstanceOf(Crash.class);
                world.run(journal);
                assertThat(world.log()).isEqualTo(expectedLog());
                assertThat(Stage.shape(journal.events()))
                        .isEqualTo(Stage.shape(undisturbed.events()));
            }
        }
    }
}

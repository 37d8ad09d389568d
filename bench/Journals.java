import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import dev.carrel.auth.Keys;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.session.Deployments;
import dev.carrel.session.Lease;
import dev.carrel.session.NewSession;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionJournal;
import dev.carrel.session.SessionSettings;
import dev.carrel.session.TurnInput;
import dev.carrel.store.Store;
import dev.carrel.tool.ToolStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The journal by itself, in this process, beside a file that is appended to and synced.
final class Journals {
    private static final int APPENDS = 2_000;
    private static final int WRITERS = 16;
    private static final Duration LEASE = Duration.ofHours(1);

    private final Store store;
    private final dev.carrel.session.Sessions sessions;

    private Journals(Path home) {
        store = Store.open(home.resolve("carrel.db"));
        InstantSource clock = InstantSource.system();
        new Keys(store, clock).ensureProject(Keys.DEFAULT_PROJECT);
        var deployments = new Deployments(store, clock);
        deployments.deploy(
                Keys.DEFAULT_PROJECT,
                List.of(AgentDefinition.of("bench", ModelRef.parse("bench/zero-latency")).build()));
        sessions = new dev.carrel.session.Sessions(store, deployments, SessionSettings.DEFAULT, clock);
    }

    static void measure(int runs) throws Exception {
        Path home = Files.createTempDirectory("carrel-bench");
        try {
            new Journals(home).measure(home, runs);
        } finally {
            try (Stream<Path> all = Files.walk(home)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private void measure(Path home, int runs) throws Exception {
        appends(home);
        together();
        for (int entries : List.of(1_000, 10_000)) {
            replay(entries, runs);
        }
        sessions.close();
        store.close();
    }

    private void appends(Path home) throws Exception {
        SessionJournal journal = sessions.turns().journal(begin());
        double[] ours = new double[APPENDS];
        double[] file = new double[APPENDS];
        ByteBuffer line = ByteBuffer.wrap(new byte[400]);
        try (FileChannel plain =
                FileChannel.open(home.resolve("plain"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (int i = -APPENDS / 4; i < APPENDS; i++) {
                Event event = event(i);
                double ourTime = Timing.of(() -> journal.append(event));
                double fileTime = Timing.of(() -> appendAndSync(plain, line));
                if (i >= 0) {
                    ours[i] = ourTime;
                    file[i] = fileTime;
                }
            }
        }
        new Timing(ours, file).print("append one entry, durable | append to a file, synced", "1 ms");
        Timing.line("the same, p99", Timing.percentile(ours, 99), Timing.percentile(file, 99), "");
    }

    private static Void appendAndSync(FileChannel file, ByteBuffer line) throws IOException {
        file.write(line.rewind());
        file.force(false);
        return null;
    }

    /// Many turns append at once and share syncs.
    private void together() throws Exception {
        var journals = new ArrayList<SessionJournal>();
        for (int i = 0; i < WRITERS; i++) {
            journals.add(sessions.turns().journal(begin()));
        }
        double[][] times = new double[WRITERS][];
        double millis = Timing.of(() -> {
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var done = new ArrayList<Future<?>>();
                for (int w = 0; w < WRITERS; w++) {
                    int writer = w;
                    done.add(threads.submit(() -> {
                        SessionJournal journal = journals.get(writer);
                        times[writer] = new double[APPENDS / 4];
                        for (int i = 0; i < times[writer].length; i++) {
                            Event event = event(i);
                            times[writer][i] = Timing.of(() -> journal.append(event));
                        }
                        return null;
                    }));
                }
                for (Future<?> one : done) {
                    one.get();
                }
            }
            return null;
        });
        double[] all = Arrays.stream(times).flatMapToDouble(Arrays::stream).toArray();
        Timing.line("append, " + WRITERS + " turns at once", Timing.percentile(all, 50), "");
        Timing.line("the same, p99", Timing.percentile(all, 99), "");
        Timing.line("entries a second, " + WRITERS + " turns at once", all.length / millis * 1000, "");
    }

    private void replay(int entries, int runs) throws Exception {
        Lease lease = begin();
        SessionJournal journal = sessions.turns().journal(lease);
        try (var threads = Executors.newFixedThreadPool(1)) {
            threads.submit(() -> IntStream.range(0, entries).forEach(i -> journal.append(event(i)))).get();
        }
        double[] times = Timing.repeat(runs * 3, () -> Conversation.of(sessions.turns().journal(lease).events()));
        Timing.line("replay of " + entries + " entries", Timing.percentile(times, 50), entries == 1_000 ? "30 ms" : "");
    }

    private Lease begin() {
        SessionId id = sessions.create(
                        Keys.DEFAULT_PROJECT, new NewSession("bench", Optional.empty(), Map.of(), Optional.empty()))
                .id();
        sessions.send(Keys.DEFAULT_PROJECT, id, TurnInput.ofMessage("go"));
        Lease lease = sessions.turns().claim(1, LEASE).getFirst();
        sessions.turns().journal(lease).append(new Event.TurnStarted(1));
        return lease;
    }

    /// Steps of four entries, with results of 400 characters.
    private static Event event(int number) {
        int step = Math.max(0, number) / 4 + 1;
        String call = "call_" + step;
        return switch (Math.floorMod(number, 4)) {
            case 0 -> new Event.ModelStarted(step, "bench/zero-latency");
            case 1 -> new Event.AssistantMessage(
                    step,
                    new Message.Assistant(
                            "Next I look at the file.", "", Optional.empty(), List.of(new ToolCall(call, "read", "{\"path\":\"src/Main.java\"}"))),
                    FinishReason.TOOL_CALLS,
                    new Usage(1000, 50, 0, 0, 0),
                    "zero-latency",
                    Duration.ofMillis(1));
            case 2 -> new Event.ToolStarted(call, "read", "{\"path\":\"src/Main.java\"}");
            default -> new Event.ToolCompleted(call, "read", ToolStatus.OK, "a line of text that is read\n".repeat(14), Duration.ofMillis(1));
        };
    }
}

package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Execution.More;
import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.store.Cursor;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises about commands that somebody talks to: input, signals,
/// terminals, lists, and output that is read again.
abstract class ConsoleContract extends CommandContract {
    private static final Duration NO_WAIT = Duration.ZERO;

    private Execution begin(ExecutionRequest request) {
        return sandbox.start(ExecutionId.next(), request);
    }

    private Execution beginOpen(String line) {
        return begin(shell(line).with(new CommandInput.Open()));
    }

    private Execution beginTerminal(String line) {
        return begin(
                shell(line)
                        .with(new CommandInput.Terminal(new TerminalSize(100, 30)))
                        .keeping(new OutputKept.Last()));
    }

    private static void write(Execution execution, String text, More more) throws Exception {
        execution.write(text.getBytes(UTF_8), more, LONG);
    }

    private static ExecutionResult end(Execution execution) throws InterruptedException {
        return execution.follow(Execution.OutputListener.NONE);
    }

    @Test
    void openInputIsGivenWhileTheCommandRuns() throws Exception {
        Execution cat = beginOpen("read a; echo got $a; cat; echo end");

        write(cat, "one\n", More.FOLLOWS);
        await(() -> cat.result().stdout().equals("got one\n"));
        write(cat, "two\nthr", More.FOLLOWS);
        write(cat, "ee\n", More.LAST);

        assertThat(end(cat).stdout()).isEqualTo("got one\ntwo\nthree\nend\n");
        assertCode(ErrorCode.CONFLICT, () -> cat.write(new byte[1], More.FOLLOWS, NO_WAIT));
    }

    @Test
    void muchInputArrivesWholeAndInOrder() throws Exception {
        Execution sum = beginOpen("md5sum | cut -c1-32");
        MessageDigest expected = MessageDigest.getInstance("MD5");
        var bytes = new byte[Execution.INPUT_BYTES_MAX];
        for (int i = 0; i < 20; i++) {
            Arrays.fill(bytes, (byte) i);
            expected.update(bytes);
            sum.write(bytes, More.FOLLOWS, LONG);
        }
        sum.write(new byte[0], More.LAST, LONG);

        assertThat(end(sum).stdout().strip())
                .isEqualTo(HexFormat.of().formatHex(expected.digest()));
    }

    @Test
    void inputThatNobodyReadsIsRefusedAndStopsNothing() throws Exception {
        Execution deaf = beginOpen("sleep 50");
        var bytes = new byte[Execution.INPUT_BYTES_MAX];

        assertCode(
                ErrorCode.INPUT_FULL,
                () -> {
                    for (int i = 0; i < 40; i++) {
                        deaf.write(bytes, More.FOLLOWS, NO_WAIT);
                    }
                });
        assertThat(run("echo fine").stdout()).isEqualTo("fine\n");
        deaf.kill();
        end(deaf);
        assertCode(ErrorCode.CONFLICT, () -> deaf.write(bytes, More.FOLLOWS, NO_WAIT));
    }

    @Test
    void inputForACommandThatClosedItsOwnIsLostAndHarmless() throws Exception {
        Execution closed =
                beginOpen("exec <&-; echo ready; while [ ! -e go ]; do sleep 0.02; done");
        await(() -> closed.result().stdout().equals("ready\n"));

        write(closed, "x", More.FOLLOWS);
        sandbox.files().write("/workspace/go", content(""));

        assertThat(end(closed).exitCode()).hasValue(0);
    }

    @Test
    void commandsWithoutOpenInputTakeNone() throws Exception {
        Execution plain = begin(shell("sleep 50"));

        assertCode(ErrorCode.CONFLICT, () -> plain.write(new byte[1], More.FOLLOWS, NO_WAIT));
        plain.kill();
    }

    @Test
    void aSignalReachesTheWholeGroup() throws Exception {
        Execution trap =
                begin(
                        shell(
                                "trap 'echo hup' HUP; sh -c 'trap \"echo child\" HUP; echo up;"
                                        + " while :; do sleep 0.02; done' & trap 'kill -9 $!;"
                                        + " echo bye; exit 5' TERM; while :; do sleep 0.02; done"));
        await(() -> trap.result().stdout().equals("up\n"));

        trap.signal(1);
        await(() -> trap.result().stdout().contains("hup") && trap.result().stdout().contains("c"));
        assertThat(trap.isRunning()).isTrue();
        trap.signal(15);

        ExecutionResult result = end(trap);
        assertThat(result.exitCode()).hasValue(5);
        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        trap.signal(15);
    }

    @Test
    void outputIsReadAgainFromAnyByte() throws Exception {
        Execution execution = begin(shell("printf 'gr\\303\\274n'; printf err >&2"));
        ExecutionResult whole = end(execution);

        assertThat(whole.next()).isEqualTo(new OutputPlace(5, 3));
        assertThat(execution.result(new OutputPlace(2, 1)).stdout()).isEqualTo("ün");
        assertThat(execution.result(new OutputPlace(2, 1)).stderr()).isEqualTo("rr");
        assertThat(execution.result(new OutputPlace(5, 99)).stdout()).isEmpty();
        var heard = new Heard();
        execution.follow(new OutputPlace(4, 3), heard);
        assertThat(heard.stdout.toString()).isEqualTo("n");
        assertThat(heard.stderr.toString()).isEmpty();
    }

    @Test
    void theEndOfALongOutputIsKeptWhereThatIsAsked() throws Exception {
        Execution execution =
                begin(shell("seq 1 600000; echo last; seq 1 3 >&2").keeping(new OutputKept.Last()));
        ExecutionResult result = end(execution);

        assertThat(result.truncated()).isTrue();
        assertThat(result.stdout()).endsWith("\n599999\n600000\nlast\n");
        assertThat(result.stdout().length())
                .isBetween(OutputKept.Last.BYTES - 10, OutputKept.Last.BYTES);
        assertThat(result.stderr()).isEqualTo("1\n2\n3\n");
        long end = result.next().stdout();
        assertThat(end).isEqualTo(4_088_900);
        assertThat(result.start()).isEqualTo(new OutputPlace(end - result.stdout().length(), 0));
        ExecutionResult again = execution.result();
        assertThat(again.start().stdout() + again.stdout().length()).isEqualTo(end);
        assertThat(execution.result(new OutputPlace(end - 5, 0)).stdout()).isEqualTo("last\n");
    }

    @Test
    void bytesAreReadAsTheyAreWithoutWaiting() throws Exception {
        Execution execution = beginOpen("printf 'a\\377b'; read x");
        Eventually.holds(() -> execution.result().next().stdout() == 3);
        assertThat(read(execution, Stream.STDOUT, 0)).isEqualTo("0:61ff62");
        assertThat(read(execution, Stream.STDOUT, 2)).isEqualTo("2:62");
        assertThat(read(execution, Stream.STDOUT, 3)).isEmpty();
        assertThat(read(execution, Stream.STDERR, 0)).isEmpty();
        assertThat(execution.read(Stream.STDOUT, 1, (_, _) -> {})).isEqualTo(3);
        assertThat(execution.read(Stream.STDOUT, 9, (_, _) -> {})).isEqualTo(3);
        assertThat(execution.read(Stream.STDERR, 9, (_, _) -> {})).isZero();
        assertThat(execution.result(new OutputPlace(9, 9)).next()).isEqualTo(new OutputPlace(3, 0));
        execution.kill();
        assertThat(end(execution).start()).isEqualTo(OutputPlace.START);
        assertThat(read(execution, Stream.STDOUT, 1)).isEqualTo("1:ff62");
    }

    private static String read(Execution execution, Stream stream, long from) {
        var told = new StringBuilder();
        execution.read(
                stream,
                from,
                (place, bytes) ->
                        told.append(place).append(':').append(HexFormat.of().formatHex(bytes)));
        return told.toString();
    }

    @Test
    void bytesAreFollowedAsTheyAre() throws Exception {
        Execution execution = begin(shell("printf 'a\\377b'; echo no >&2"));
        var bytes = new ArrayList<Byte>();
        ExecutionResult result =
                execution.followBytes(
                        Stream.STDOUT,
                        1,
                        (place, piece) -> {
                            assertThat(place).isEqualTo(1 + bytes.size());
                            for (byte b : piece) {
                                bytes.add(b);
                            }
                        });

        assertThat(bytes).containsExactly((byte) 0xff, (byte) 'b');
        assertThat(result.stdout()).isEmpty();
        assertThat(result.exitCode()).hasValue(0);
    }

    @Test
    void executionsAreListedNewestFirstInPages() throws Exception {
        Execution first = begin(shell("exit 3"));
        end(first);
        List<Execution> more = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            more.add(begin(shell("sleep 50")));
        }

        List<ExecutionSummary> all = runtime.executions(id, Cursor.START, 100);
        assertThat(all).hasSize(5);
        assertThat(all.getLast().id()).isEqualTo(first.id());
        assertThat(all.getLast().exitCode()).hasValue(3);
        assertThat(all.getLast().command()).containsExactly("/bin/sh", "-c", "exit 3");
        assertThat(all.getLast().cwd()).isEqualTo("/workspace");
        assertThat(all.getFirst().id()).isEqualTo(more.getLast().id());
        assertThat(all.getFirst().status()).isEqualTo(ExecutionStatus.RUNNING);
        ExecutionSummary third = all.get(2);
        Cursor place = Cursor.of(third.startedAt(), third.id().value());
        assertThat(runtime.executions(id, place, 1))
                .extracting(ExecutionSummary::id)
                .containsExactly(all.get(3).id());
        runtime.stop(id);
        assertThat(runtime.executions(id, Cursor.START, 100))
                .extracting(ExecutionSummary::status)
                .containsExactly(
                        ExecutionStatus.INTERRUPTED,
                        ExecutionStatus.INTERRUPTED,
                        ExecutionStatus.INTERRUPTED,
                        ExecutionStatus.INTERRUPTED,
                        ExecutionStatus.COMPLETED);
        assertThat(runtime.executions(SandboxId.next(), Cursor.START, 100)).isEmpty();
    }

    @Test
    void aNewServerFindsWhatRunsAndGoesOnWithIt() throws Exception {
        ExecutionId open = beginOpen("read a; echo got $a").id();
        runtime.close();
        runtime = openRuntime();
        RunningSandbox found = runtime.find(id, spec()).orElseThrow();
        assertThat(found.executions()).extracting(Execution::id).containsExactly(open);
        Execution again = found.executions().getFirst();
        assertThat(again.isRunning()).isTrue();
        again.write("x\n".getBytes(UTF_8), More.FOLLOWS, LONG);
        assertThat(end(again).stdout()).isEqualTo("got x\n");
        assertThat(found.executions()).isEmpty();
    }

    @Test
    void everythingIsKilledAtOnce() throws Exception {
        Execution away = begin(shell("setsid sleep 51 & echo $!; sleep 52"));
        await(() -> away.result().stdout().endsWith("\n"));

        sandbox.killAll();

        assertThat(end(away).status()).isEqualTo(ExecutionStatus.KILLED);
        await(() ->
                !run("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
                        .stdout()
                        .contains("sleep 51"));
        assertThat(run("echo on").stdout()).isEqualTo("on\n");
    }

    @Test
    void aTerminalIsOneWithASizeThatChanges() throws Exception {
        Execution terminal = beginTerminal("tty; stty size; read a; stty size; read b");
        await(() -> terminal.result().stdout().contains("30 100"));
        assertThat(terminal.result().stdout()).startsWith("/dev/pts/");

        terminal.resize(new TerminalSize(132, 43));
        write(terminal, "go\r", More.FOLLOWS);
        await(() -> terminal.result().stdout().contains("43 132"));
        write(terminal, "\u0003", More.FOLLOWS);

        ExecutionResult result = end(terminal);
        assertThat(result.status()).isEqualTo(ExecutionStatus.KILLED);
        assertThat(result.exitCode()).hasValue(130);
        assertCode(ErrorCode.CONFLICT, () -> write(terminal, "x", More.FOLLOWS));
    }

    @Test
    void resizingTellsTheProgram() throws Exception {
        Execution terminal =
                beginTerminal(
                        "trap 'stty size' WINCH; echo ready; while [ ! -e go ]; do sleep 0.02;"
                                + " done");
        await(() -> terminal.result().stdout().contains("ready"));

        terminal.resize(new TerminalSize(77, 11));
        await(() -> terminal.result().stdout().contains("11 77"));
        sandbox.files().write("/workspace/go", content(""));
        end(terminal);
    }

    @Test
    void aTerminalEchoesAndEndsWithItsShell() throws Exception {
        Execution terminal = beginTerminal("exec sh");

        write(terminal, "echo $((6*7)); exit 4\r", More.FOLLOWS);

        ExecutionResult result = end(terminal);
        assertThat(result.exitCode()).hasValue(4);
        assertThat(result.stdout()).contains("echo $((6*7))").contains("42\r\n");
        assertThat(recorded(terminal).stdout()).isEqualTo(result.stdout());
        assertThat(runtime.executions(id, Cursor.START, 10).getFirst().terminal()).isTrue();
    }

    @Test
    void severalFollowATerminalAtOnce() throws Exception {
        Execution terminal = beginTerminal("seq 1 20000; read a");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> viewers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                viewers.add(
                        threads.submit(() -> {
                            var text = new java.io.ByteArrayOutputStream();
                            terminal.followBytes(
                                    Stream.STDOUT, 0, (place, bytes) -> text.writeBytes(bytes));
                            return text.toString(UTF_8);
                        }));
            }
            await(() -> terminal.result().stdout().contains("\n20000\r\n"));
            write(terminal, "\r", More.FOLLOWS);
            for (Future<String> viewer : viewers) {
                assertThat(viewer.get(20, TimeUnit.SECONDS))
                        .startsWith("1\r\n2\r\n")
                        .contains("\r\n20000\r\n");
            }
        }
    }

    @Test
    void rootIsAUserEverywhere() throws Exception {
        assertThat(run(shell("id -u").as("root")).stdout()).isEqualTo("0\n");
    }
}

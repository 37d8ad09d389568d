package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.Ioctl;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.oci.Eventually;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A terminal of this machine with a program on it, as a person at a keyboard has it. Both of its
/// ends stay open to the last, so that how the program left it can be seen.
final class Pty implements AutoCloseable {
    private static final long TIOCSWINSZ = 0x5414;
    private static final long TIOCSPTLCK = 0x40045431L;
    private static final long TIOCGPTN = 0x80045430L;
    private static final int END_SECONDS_MAX = 30;

    /// The terminal becomes the controlling one of a session of its own.
    private static final String BEGIN = "exec setsid -c \"$@\" <>\"$0\" >&0 2>&0";

    private final Fd master;
    private final Fd slave;
    private final String path;
    private final String settings;
    private final StringBuffer shown = new StringBuffer();
    private final List<Process> programs = new ArrayList<>();

    private Pty(Fd master, Fd slave, String path) throws IOException {
        this.master = master;
        this.slave = slave;
        this.path = path;
        this.settings = settings();
    }

    static Pty open(int columns, int rows) throws IOException {
        Fd master = Linux.open("/dev/ptmx", Linux.O_RDWR | Linux.O_NOCTTY, 0);
        Ioctl.call(master, TIOCSPTLCK, new byte[Integer.BYTES]);
        var number = new byte[Integer.BYTES];
        Ioctl.call(master, TIOCGPTN, number);
        String path = "/dev/pts/" + ByteBuffer.wrap(number).order(ByteOrder.nativeOrder()).getInt();
        Fd slave = Linux.open(path, Linux.O_RDWR | Linux.O_NOCTTY, 0);
        var pty = new Pty(master, slave, path);
        pty.resize(columns, rows);
        Thread.ofPlatform().daemon().name("screen").start(pty::read);
        return pty;
    }

    private void read() {
        var buffer = new byte[1 << 13];
        try (InputStream from = new FdInputStream(master)) {
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                shown.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            // The terminal is closed.
        }
    }

    Process run(List<String> command, Map<String, String> environment) throws IOException {
        var all = new ArrayList<>(List.of("sh", "-c", BEGIN, path));
        all.addAll(command);
        var builder = new ProcessBuilder(all);
        builder.environment().putAll(environment);
        Process started = builder.start();
        programs.add(started);
        return started;
    }

    void resize(int columns, int rows) throws LinuxException {
        var window = new byte[8];
        ByteBuffer.wrap(window)
                .order(ByteOrder.nativeOrder())
                .putShort((short) rows)
                .putShort((short) columns);
        Ioctl.call(master, TIOCSWINSZ, window);
    }

    void type(String keys) throws LinuxException {
        byte[] bytes = keys.getBytes(StandardCharsets.UTF_8);
        Linux.writeFully(master, bytes, 0, bytes.length);
    }

    String shown() {
        return shown.toString();
    }

    void awaitText(String part) throws Exception {
        Eventually.holds(() -> shown.indexOf(part) >= 0);
    }

    static int exitCode(Process program) throws InterruptedException {
        assertThat(program.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)).as("it ends").isTrue();
        return program.exitValue();
    }

    /// Modes and keys are as they were at first.
    void assertRestored() throws IOException {
        assertThat(settings()).isEqualTo(settings);
    }

    /// The program reads every key by itself, without an echo.
    boolean isRaw() {
        try {
            return !settings().equals(settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String settings() throws IOException {
        Process stty = new ProcessBuilder("stty", "-F", path, "-g").start();
        return new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        programs.forEach(Process::destroyForcibly);
        slave.close();
        master.close();
    }
}

package dev.carrel.cli;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// The terminal that the command was started from, passing every key on as it is until it is
/// closed. It is set right again whatever ends the command, but for a kill that leaves no time.
final class LocalTerminal implements AutoCloseable {
    private static final File DEVICE = new File("/dev/tty");

    /// How much of it there is to see.
    record Size(int cols, int rows) {}

    private final String before;
    private final InputStream input = new FileInputStream(DEVICE);
    private final OutputStream output = new FileOutputStream(DEVICE);
    private final AtomicBoolean closed = new AtomicBoolean();

    private LocalTerminal(String before) throws IOException {
        this.before = before;
    }

    /// Fails when there is no terminal.
    static LocalTerminal open() throws IOException {
        var terminal = new LocalTerminal(stty("-g").strip());
        Runtime.getRuntime().addShutdownHook(new Thread(terminal::restore, "restore-terminal"));
        stty("raw", "-echo");
        return terminal;
    }

    InputStream input() {
        return input;
    }

    void show(byte[] bytes) {
        try {
            output.write(bytes);
            output.flush();
        } catch (IOException e) {
            throw new IllegalStateException("the terminal has gone", e);
        }
    }

    /// A line of our own, which the raw mode would not begin at the left.
    void say(String line) {
        show(("\r\n[carrel: " + line + "]\r\n").getBytes(StandardCharsets.UTF_8));
    }

    Size size() {
        try {
            String[] size = stty("size").strip().split(" ");
            int rows = Integer.parseInt(size[0]);
            int cols = Integer.parseInt(size[1]);
            return rows > 0 && cols > 0 ? new Size(cols, rows) : new Size(80, 24);
        } catch (IOException | RuntimeException e) {
            return new Size(80, 24); // it has gone, or has no size: what most have
        }
    }

    /// Runs `action` after each change of the size. Java has no other way to a signal than this
    /// class, which it does not promise: without it, the size stays as it is.
    void onResize(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(
                            handler.getClassLoader(),
                            new Class<?>[] {handler},
                            (self, method, arguments) -> {
                                if (method.getName().equals("handle")) {
                                    action.run();
                                }
                                return null;
                            });
            Object winch = signal.getConstructor(String.class).newInstance("WINCH");
            signal.getMethod("handle", signal, handler).invoke(null, winch, proxy);
        } catch (ReflectiveOperationException e) {
            System.getLogger("carrel").log(System.Logger.Level.DEBUG, "no resizing", e);
        }
    }

    private static String stty(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of("stty"));
        command.addAll(List.of(arguments));
        Process stty =
                new ProcessBuilder(command)
                        .redirectInput(DEVICE)
                        .redirectError(Redirect.DISCARD)
                        .start();
        String text = new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (stty.waitFor() != 0) {
                throw new IOException("stty failed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return text;
    }

    private void restore() {
        if (closed.compareAndSet(false, true)) {
            try {
                stty(before);
            } catch (IOException e) {
                System.err.println("carrel: set the terminal right with: stty sane");
            }
        }
    }

    @Override
    public void close() {
        restore();
    }
}

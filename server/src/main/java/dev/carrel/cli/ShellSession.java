package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.Terminal;
import dev.carrel.client.UnreachableException;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.TerminalRequest;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// One terminal of a sandbox on the local one, across as many connections as it takes. The main
/// thread connects, another one reads the keys.
final class ShellSession {
    private static final int ATTEMPTS_MAX = 60;
    private static final long PAUSE_MILLIS = 1000;
    private static final int CTRL_C = 3;
    private static final int KEYS_MAX = 4096;

    /// Why a connection ended.
    private sealed interface End {
        record Exited(ExecutionInfo exit) implements End {}

        record Dropped(String reason) implements End {}

        record Left() implements End {}
    }

    private final CarrelClient client;
    private final String sandbox;
    private final LocalTerminal local;
    private final BlockingQueue<End> ends = new LinkedBlockingQueue<>();
    private volatile @Nullable Terminal connected;
    private volatile Optional<String> id = Optional.empty();
    private final AtomicLong place = new AtomicLong();
    private TerminalRequest request = TerminalRequest.shell(80, 24);

    ShellSession(CarrelClient client, String sandbox, LocalTerminal local) {
        this.client = client;
        this.sandbox = sandbox;
        this.local = local;
    }

    /// Returns the exit code of the terminal's command, or 0 when the user has left it.
    int run(TerminalRequest first) throws InterruptedException {
        request = first;
        local.onResize(this::resize);
        connect();
        Thread.ofPlatform().daemon().name("keys").start(this::readKeys);
        while (true) {
            switch (ends.take()) {
                case End.Exited(ExecutionInfo exit) -> {
                    return exit.exitCode().orElse(1);
                }
                case End.Left _ -> {
                    local.say("left; come back with --id " + id.orElse(""));
                    return 0;
                }
                case End.Dropped(String reason) -> reconnect(reason);
            }
        }
    }

    private void connect() {
        LocalTerminal.Size size = local.size();
        TerminalRequest now =
                new TerminalRequest(
                        size.cols(),
                        size.rows(),
                        request.command(),
                        request.cwd(),
                        request.user(),
                        request.env(),
                        id.map(known -> new TerminalRequest.Seen(known, place.get()))
                                .or(request::seen));
        connected = client.executions().terminal(sandbox, now, new Ears());
        if (!local.size().equals(size)) {
            resize(); // it came while nobody could be told
        }
    }

    private void reconnect(String reason) throws InterruptedException {
        connected = null;
        if (id.isEmpty()) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "the terminal could not be opened: " + reason);
        }
        local.say("connection lost; trying again, Ctrl-C gives up");
        for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
            try {
                connect();
                return;
            } catch (UnreachableException e) {
                if (ends.poll(PAUSE_MILLIS, TimeUnit.MILLISECONDS) instanceof End.Left left) {
                    ends.add(left);
                    return;
                }
            } catch (CarrelException e) {
                if (e.code() == ErrorCode.SANDBOX_NOT_RUNNING) {
                    // Whoever paused it does not want it to be resumed by this.
                    throw gone(e.code(), "the sandbox was paused or stopped");
                }
                if (e.code() != ErrorCode.UNAVAILABLE) {
                    throw e;
                }
            }
        }
        throw gone(ErrorCode.UNAVAILABLE, "the server did not come back");
    }

    private CarrelException gone(ErrorCode code, String why) {
        return new CarrelException(
                code, "%s; --id %s comes back later".formatted(why, id.orElse("")));
    }

    private final class Ears implements Terminal.Listener {
        private boolean ended;

        @Override
        public void begun(String terminal, long from) {
            id = Optional.of(terminal);
            place.set(from);
        }

        @Override
        public void output(byte[] bytes) {
            place.addAndGet(bytes.length);
            local.show(bytes);
        }

        @Override
        public void ended(ExecutionInfo exit) {
            ended = true;
            ends.add(new End.Exited(exit));
        }

        @Override
        public void closed(int code, String reason) {
            if (!ended) {
                ends.add(new End.Dropped(code + " " + reason));
            }
        }
    }

    private void resize() {
        Terminal terminal = connected;
        if (terminal != null) {
            LocalTerminal.Size size = local.size();
            try {
                terminal.resize(size.cols(), size.rows());
            } catch (UnreachableException e) {
                return; // the next connection has the new size
            }
        }
    }

    /// Enter, `~` and `.` leave the terminal, as in ssh.
    private void readKeys() {
        var escape = new Escape();
        var keys = new byte[KEYS_MAX];
        try {
            for (int size = local.input().read(keys); size >= 0; size = local.input().read(keys)) {
                Optional<byte[]> typed = escape.filter(Arrays.copyOf(keys, size));
                if (typed.isEmpty()) {
                    break;
                }
                type(typed.get());
            }
        } catch (IOException e) {
            System.getLogger("carrel").log(System.Logger.Level.DEBUG, "no more keys", e);
        }
        ends.add(new End.Left());
    }

    private void type(byte[] bytes) {
        Terminal terminal = connected;
        if (terminal == null) {
            if (bytes.length > 0 && bytes[0] == CTRL_C) {
                ends.add(new End.Left());
            }
            return;
        }
        try {
            terminal.type(bytes);
        } catch (UnreachableException e) {
            local.say("not sent");
        }
    }

    /// Finds the keys that are for us.
    static final class Escape {
        private boolean atStart = true;
        private boolean afterTilde;

        /// What is to be sent; empty when the user leaves.
        Optional<byte[]> filter(byte[] typed) {
            var out = new java.io.ByteArrayOutputStream();
            for (byte key : typed) {
                if (afterTilde) {
                    afterTilde = false;
                    if (key == '.') {
                        return Optional.empty();
                    }
                    out.write('~');
                    if (key == '~') {
                        atStart = false;
                        continue;
                    }
                } else if (atStart && key == '~') {
                    afterTilde = true;
                    continue;
                }
                out.write(key);
                atStart = key == '\r' || key == '\n';
            }
            return Optional.of(out.toByteArray());
        }
    }
}

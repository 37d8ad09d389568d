package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Account;
import dev.carrel.sandbox.CommandInput;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.TerminalSize;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What is asked of pid 1, as frames ready to be sent; `carrel-init.h` has the format.
final class InitRequest {
    /// Of command, directory and environment together.
    static final int BYTES_MAX = 1 << 20;

    private static final int START = 1;
    private static final int KILL = 2;
    private static final int KILL_ALL = 3;
    private static final int LIST = 4;
    private static final int INPUT = 6;
    private static final int RESIZE = 7;

    private static final int OPEN_INPUT = 1;
    private static final int TERMINAL = 2;
    private static final int KEEP_LAST = 4;

    /// Stands for the user that pid 1 is.
    private static final int NOBODY = -1;

    private InitRequest() {}

    private interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    /// `environment` is all that the command gets. Fails with `INVALID_REQUEST` when the command
    /// cannot be passed on.
    static ByteBuffer start(
            ExecutionId id,
            ExecutionRequest request,
            Map<String, String> environment,
            Optional<Account> account) {
        ByteBuffer frame =
                frame(
                        START,
                        out -> {
                            writeId(out, id);
                            out.writeLong(Math.max(1, request.timeout().toMillis()));
                            out.writeLong(request.outputBytesMax());
                            writeInput(out, request.input(), request.keepsLast());
                            writeAccount(out, account);
                            out.writeInt(request.command().size());
                            out.writeInt(environment.size());
                            writeString(out, "cwd", request.cwd());
                            for (String argument : request.command()) {
                                writeString(out, "command", argument);
                            }
                            for (var variable : environment.entrySet()) {
                                writeString(out, "env", variable(variable));
                            }
                        });
        if (frame.remaining() > BYTES_MAX) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    "the command and its environment are larger than %d KiB: pass large input on"
                                    .formatted(BYTES_MAX >> 10)
                            + " stdin or in a file");
        }
        return frame;
    }

    private static void writeInput(DataOutputStream out, CommandInput input, boolean keepsLast)
            throws IOException {
        TerminalSize size =
                input instanceof CommandInput.Terminal terminal
                        ? terminal.size()
                        : TerminalSize.DEFAULT;
        int kind =
                switch (input) {
                    case CommandInput.Text _ -> 0;
                    case CommandInput.Open _ -> OPEN_INPUT;
                    case CommandInput.Terminal _ -> TERMINAL;
                };
        out.writeByte(kind | (keepsLast ? KEEP_LAST : 0));
        out.writeShort(size.columns());
        out.writeShort(size.rows());
    }

    private static void writeAccount(DataOutputStream out, Optional<Account> account)
            throws IOException {
        out.writeInt(account.map(Account::uid).orElse(NOBODY));
        out.writeInt(account.map(Account::gid).orElse(NOBODY));
        List<Integer> groups = account.map(Account::groups).orElse(List.of());
        out.writeByte(groups.size());
        for (int group : groups) {
            out.writeInt(group);
        }
    }

    /// More of its input; `last` when it ends with these bytes.
    static ByteBuffer input(ExecutionId id, byte[] bytes, boolean last) {
        return frame(
                INPUT,
                out -> {
                    writeId(out, id);
                    out.writeBoolean(last);
                    out.write(bytes);
                });
    }

    static ByteBuffer resize(ExecutionId id, TerminalSize size) {
        return frame(
                RESIZE,
                out -> {
                    writeId(out, id);
                    out.writeShort(size.columns());
                    out.writeShort(size.rows());
                });
    }

    /// Sends a signal to the process group of an execution.
    static ByteBuffer kill(ExecutionId id, int signal) {
        return frame(
                KILL,
                out -> {
                    writeId(out, id);
                    out.writeByte(signal);
                });
    }

    static ByteBuffer killAll() {
        return frame(KILL_ALL, out -> {});
    }

    static ByteBuffer list() {
        return frame(LIST, out -> {});
    }

    static boolean isList(ByteBuffer frame) {
        return frame.get(Integer.BYTES) == LIST;
    }

    private static String variable(Map.Entry<String, String> variable) {
        String name = variable.getKey();
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "env",
                    "a variable's name must not be empty or contain '='");
        }
        return name + "=" + variable.getValue();
    }

    private static void writeId(DataOutputStream out, ExecutionId id) throws IOException {
        byte[] bytes = id.value().getBytes(StandardCharsets.US_ASCII);
        out.writeByte(bytes.length);
        out.write(bytes);
    }

    private static void writeString(DataOutputStream out, String param, String text)
            throws IOException {
        if (text.indexOf('\0') >= 0) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, param, param + " must not contain a NUL character");
        }
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.writeByte(0);
    }

    private static ByteBuffer frame(int type, Body body) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(0);
            out.writeByte(type);
            body.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ByteBuffer.wrap(bytes.toByteArray()).putInt(0, bytes.size() - Integer.BYTES);
    }
}

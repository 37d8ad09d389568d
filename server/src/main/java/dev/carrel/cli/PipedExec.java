package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.SandboxCalls;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Runs a command that reads our standard input while it runs, to its end. A thread of its own
/// reads what may never come; it ends with the process.
final class PipedExec {
    private static final int PIECE_BYTES = 48 << 10;
    private static final double TIMEOUT_SECONDS_DEFAULT = 60;

    private final CarrelClient client;
    private final String sandbox;
    private final InputStream input;

    PipedExec(CarrelClient client, String sandbox, InputStream input) {
        this.client = client;
        this.sandbox = sandbox;
        this.input = input;
    }

    /// Only of commands in the background can one know the id while they run.
    ExecutionInfo run(ExecuteRequest request, SandboxCalls.OutputListener listener) {
        double timeout = request.timeoutSeconds().orElse(TIMEOUT_SECONDS_DEFAULT);
        ExecuteRequest begin = request.withTimeoutSeconds(timeout).inBackground();
        ExecutionInfo begun = client.sandboxes().execute(sandbox, begin);
        Thread.ofPlatform().daemon().name("stdin").start(() -> feed(begun.id()));
        return client.executions().follow(sandbox, begun.id(), 0, 0, listener);
    }

    private void feed(String execution) {
        try {
            var buffer = new byte[PIECE_BYTES];
            for (int size = read(buffer); size >= 0; size = read(buffer)) {
                give(execution, Arrays.copyOf(buffer, size), false);
            }
            give(execution, new byte[0], true);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.CONFLICT) { // not only that it has ended
                System.err.println("carrel: the input was cut off: " + e.text());
            }
        }
    }

    private int read(byte[] buffer) {
        try {
            return input.read(buffer);
        } catch (IOException e) {
            return -1; // a standard input that was closed
        }
    }

    private void give(String execution, byte[] bytes, boolean last) {
        while (true) {
            try {
                client.executions().writeStdin(sandbox, execution, bytes, last);
                return;
            } catch (CarrelException e) {
                if (e.code() != ErrorCode.INPUT_FULL) {
                    throw e;
                }
                // The server has waited for some seconds; the command takes its time.
            }
        }
    }
}

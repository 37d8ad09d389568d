package dev.carrel.client;

import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.ExecutionSummary;
import dev.carrel.wire.KillRequest;
import dev.carrel.wire.Listing;
import dev.carrel.wire.Signal;
import dev.carrel.wire.StdinRequest;
import dev.carrel.wire.TerminalRequest;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/// The calls on commands that run in sandboxes, and on their terminals.
public final class ExecutionCalls {
    private final CarrelClient client;
    private final Transport transport;
    private final SandboxCalls sandboxes;

    ExecutionCalls(CarrelClient client, Transport transport, SandboxCalls sandboxes) {
        this.client = client;
        this.transport = transport;
        this.sandboxes = sandboxes;
    }

    /// Tells `listener` what a command writes from these bytes of its outputs on, until it ends.
    public ExecutionInfo follow(
            String id,
            String execution,
            long stdoutFrom,
            long stderrFrom,
            SandboxCalls.OutputListener listener) {
        HttpRequest.Builder http =
                transport.request(
                        "%s/stream?stdout_from=%d&stderr_from=%d"
                                .formatted(execution(id, execution, ""), stdoutFrom, stderrFrom));
        return sandboxes.follow(id, http, CarrelClient.CALL_MAX, listener);
    }

    /// The commands of a sandbox, newest first.
    public Listing<ExecutionSummary> list(String id, int limit, Optional<String> cursor) {
        String rest = cursor.map(at -> "&cursor=" + CarrelClient.segment(at)).orElse("");
        return client.list(
                SandboxCalls.path(id) + "/executions?limit=" + limit + rest,
                ExecutionSummary.class);
    }

    /// Sends more input to a command that takes it; `last` ends its input.
    public void writeStdin(String id, String execution, String text, boolean last) {
        client.send(
                execution(id, execution, "/stdin"),
                new StdinRequest(Optional.of(text), Optional.empty(), Optional.of(last)));
    }

    /// The same with bytes, 64 KiB at most.
    public void writeStdin(String id, String execution, byte[] bytes, boolean last) {
        String base64 = Base64.getEncoder().encodeToString(bytes);
        client.send(
                execution(id, execution, "/stdin"),
                new StdinRequest(Optional.empty(), Optional.of(base64), Optional.of(last)));
    }

    /// The bytes of `stdout` or `stderr` that there are now, as they are, from this one on or from
    /// the first that is still kept, 4 MiB or a little more at most. The caller closes it.
    public InputStream output(String id, String execution, String stream, long from) {
        String query = "/" + CarrelClient.segment(stream) + "?from=" + from;
        return transport
                .open(transport.request(execution(id, execution, query)), CarrelClient.CALL_MAX)
                .body();
    }

    /// Sends a signal to the process group of a command; does nothing when it has ended.
    public void kill(String id, String execution, Signal signal) {
        client.send(execution(id, execution, "/kill"), new KillRequest(Optional.of(signal)));
    }

    /// Opens a terminal, or connects to one that is open.
    public Terminal terminal(String id, TerminalRequest request, Terminal.Listener listener) {
        var query = new StringBuilder();
        query.append("?cols=").append(request.cols()).append("&rows=").append(request.rows());
        request.command().ifPresent(line -> query.append(parameter("command", line)));
        request.cwd().ifPresent(cwd -> query.append(parameter("cwd", cwd)));
        request.user().ifPresent(user -> query.append(parameter("user", user)));
        request.env().forEach((name, value) -> query.append(parameter("env." + name, value)));
        request.seen()
                .ifPresent(seen ->
                        query.append(parameter("id", seen.id())).append("&from=" + seen.from()));
        String path = SandboxCalls.path(id) + "/terminal" + query;
        return Terminal.open(transport.socket(path, Terminal.ears(listener)));
    }

    private static String parameter(String name, String value) {
        return "&" + CarrelClient.segment(name) + "=" + CarrelClient.segment(value);
    }

    /// Kills every process of a sandbox, which runs on.
    public void killAll(String id) {
        client.send(SandboxCalls.path(id) + "/kill", Map.of());
    }

    private static String execution(String id, String execution, String what) {
        return SandboxCalls.path(id) + "/executions/" + CarrelClient.segment(execution) + what;
    }
}

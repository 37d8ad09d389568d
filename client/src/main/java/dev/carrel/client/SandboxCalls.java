package dev.carrel.client;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.FileChange;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.FileOperation;
import dev.carrel.wire.Json;
import dev.carrel.wire.Listing;
import dev.carrel.wire.OutputChunk;
import dev.carrel.wire.PauseRequest;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxMetrics;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.UnpackInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The calls on sandboxes, their commands and files.
public final class SandboxCalls {
    private static final String ROOT = "/v1/sandboxes";
    private static final Duration TRANSFER_MAX = Duration.ofHours(1);
    private static final double TIMEOUT_SECONDS_DEFAULT = 60;

    /// Receives output while a command runs; `stream` is `stdout` or `stderr`.
    @FunctionalInterface
    public interface OutputListener {
        void output(String stream, String text);
    }

    private final CarrelClient client;
    private final Transport transport;

    SandboxCalls(CarrelClient client, Transport transport) {
        this.client = client;
        this.transport = transport;
    }

    public SandboxInfo create(SandboxRequest request) {
        return client.post(ROOT, request, SandboxInfo.class);
    }

    public SandboxInfo get(String id) {
        return client.get(path(id), SandboxInfo.class);
    }

    public Listing<SandboxInfo> list() {
        return client.list(ROOT, SandboxInfo.class);
    }

    public Listing<SandboxInfo> list(int limit, Optional<String> cursor) {
        String rest = cursor.map(at -> "&cursor=" + CarrelClient.segment(at)).orElse("");
        return client.list(ROOT + "?limit=" + limit + rest, SandboxInfo.class);
    }

    /// Changes what is given and leaves the rest.
    public SandboxInfo change(String id, SandboxChange change) {
        return patch(id, change);
    }

    /// Takes away what was set: `ttl_seconds`, say, so that it lives on.
    public SandboxInfo clear(String id, String... fields) {
        var nulls = new HashMap<String, @Nullable Object>();
        for (String field : fields) {
            nulls.put(field, null);
        }
        return patch(id, nulls);
    }

    private SandboxInfo patch(String id, Object body) {
        HttpRequest.Builder http =
                client.jsonRequest(path(id)).method("PATCH", Transport.json(body));
        return transport.read(http, CarrelClient.CALL_MAX, SandboxInfo.class);
    }

    /// Freezes all that runs in it; any use resumes it.
    public SandboxInfo pause(String id) {
        return client.post(path(id) + "/pause", Map.of(), SandboxInfo.class);
    }

    /// Stops it with its memory on disk; any use lets it go on.
    public SandboxInfo pauseToDisk(String id) {
        var request = new PauseRequest(Optional.of(true));
        return client.post(path(id) + "/pause", request, SandboxInfo.class);
    }

    /// Makes it run, as any use does.
    public SandboxInfo resume(String id) {
        return client.post(path(id) + "/resume", Map.of(), SandboxInfo.class);
    }

    public void delete(String id) {
        client.delete(path(id));
    }

    /// Runs a command to its end. An exit code other than 0 is a result, not an exception.
    public ExecutionInfo execute(String id, ExecuteRequest request) {
        HttpRequest.Builder http =
                client.jsonRequest(path(id) + "/execute").POST(Transport.json(request));
        return transport.read(http, wait(request), ExecutionInfo.class);
    }

    /// The same, telling `listener` what the command writes as it comes.
    public ExecutionInfo execute(String id, ExecuteRequest request, OutputListener listener) {
        HttpRequest.Builder http =
                client.jsonRequest(path(id) + "/execute")
                        .header("Accept", "text/event-stream")
                        .POST(Transport.json(request));
        return follow(id, http, wait(request), listener);
    }

    ExecutionInfo follow(
            String id, HttpRequest.Builder http, Duration wait, OutputListener listener) {
        try (var events = new SseReader(transport.open(http, wait).body())) {
            for (Optional<SseReader.Item> item = events.next();
                    item.isPresent();
                    item = events.next()) {
                Optional<ExecutionInfo> end = take(item.get(), listener);
                if (end.isPresent()) {
                    return end.get();
                }
            }
        } catch (IOException e) {
            throw transport.unreachable(e);
        }
        throw new CarrelException(
                ErrorCode.UNAVAILABLE,
                "The server ended the stream before the command; the command goes on in " + id);
    }

    private static Optional<ExecutionInfo> take(SseReader.Item item, OutputListener listener)
            throws IOException {
        return switch (item.name()) {
            case "exit" -> Optional.of(Json.lenient().readValue(item.data(), ExecutionInfo.class));
            case "error" ->
                    throw Transport.failure(0, item.data().getBytes(StandardCharsets.UTF_8));
            case "stdout", "stderr" -> {
                OutputChunk chunk = Json.lenient().readValue(item.data(), OutputChunk.class);
                listener.output(item.name(), chunk.text());
                yield Optional.empty();
            }
            default -> Optional.empty(); // a newer server may say more
        };
    }

    private static Duration wait(ExecuteRequest request) {
        double seconds = request.timeoutSeconds().orElse(TIMEOUT_SECONDS_DEFAULT);
        return Duration.ofMillis((long) (seconds * 1000)).plus(CarrelClient.CALL_MAX);
    }

    /// A command that was started before.
    public ExecutionInfo execution(String id, String execution) {
        return client.get(
                path(id) + "/executions/" + CarrelClient.segment(execution), ExecutionInfo.class);
    }

    /// The content of a file; the caller closes it. Paths are absolute inside the sandbox.
    public InputStream readFile(String id, String path) {
        return transport.open(transport.request(file(id, path)), TRANSFER_MAX).body();
    }

    /// Writes a file whole, making its parents.
    public FileInfo writeFile(String id, String path, byte[] content) {
        return write(id, path, BodyPublishers.ofByteArray(content));
    }

    /// The same from a stream of any length, which is read once and closed.
    public FileInfo writeFile(String id, String path, InputStream content) {
        return write(id, path, BodyPublishers.ofInputStream(() -> content));
    }

    /// Makes a directory and its parents; does nothing when it exists.
    public FileChange makeDirectory(String id, String path) {
        return operate(id, path, "mkdir", FileOperation.NONE);
    }

    /// Moves an entry to `how.destination`.
    public FileChange move(String id, String path, FileOperation how) {
        return operate(id, path, "move", how);
    }

    /// Copies an entry, with all in it, to `how.destination`.
    public FileChange copy(String id, String path, FileOperation how) {
        return operate(id, path, "copy", how);
    }

    /// Sets mode, owner or group.
    public FileChange change(String id, String path, FileOperation how) {
        return operate(id, path, "chmod", how);
    }

    private FileChange operate(String id, String path, String operation, FileOperation how) {
        HttpRequest.Builder request =
                client.jsonRequest(file(id, path) + "?op=" + operation).POST(Transport.json(how));
        return transport.read(request, TRANSFER_MAX, FileChange.class);
    }

    private FileInfo write(String id, String path, HttpRequest.BodyPublisher content) {
        HttpRequest.Builder request =
                transport
                        .request(file(id, path))
                        .header("Content-Type", "application/octet-stream")
                        .PUT(content);
        return transport.read(request, TRANSFER_MAX, FileInfo.class);
    }

    /// A directory with all in it as tar.gz; the caller closes it. It may be hostile.
    public InputStream pack(String id, String path) {
        return transport.open(transport.request(archive(id, path)), TRANSFER_MAX).body();
    }

    /// Unpacks a tar, tar.gz or zip of any length below a directory, which is made. The stream is
    /// read once and closed.
    public UnpackInfo unpack(String id, String path, InputStream archive) {
        HttpRequest.Builder request =
                transport
                        .request(archive(id, path))
                        .header("Content-Type", "application/gzip")
                        .PUT(BodyPublishers.ofInputStream(() -> archive));
        return transport.read(request, TRANSFER_MAX, UnpackInfo.class);
    }

    private static String archive(String id, String path) {
        return path(id) + "/archive?path=" + CarrelClient.segment(path);
    }

    /// Removes a file, or a directory with all in it.
    public void deleteFile(String id, String path) {
        client.delete(file(id, path));
    }

    public FileInfo stat(String id, String path) {
        return client.get(file(id, path) + "?stat=true", FileInfo.class);
    }

    /// The entries of a directory.
    public Listing<FileInfo> listFiles(String id, String path, boolean recursive) {
        return client.list(
                file(id, path) + "?list=true" + (recursive ? "&recursive=true" : ""),
                FileInfo.class);
    }

    /// Follows what happens to the files of a directory from now on; the caller closes it.
    public FileEvents watch(String id, String path, boolean recursive) {
        String query = "/watch?path=" + CarrelClient.segment(path) + "&recursive=" + recursive;
        return new FileEvents(
                transport.open(transport.request(path(id) + query), CarrelClient.CALL_MAX).body());
    }

    /// One page of a directory, in the order of names.
    public Listing<FileInfo> listFiles(String id, String path, int limit, Optional<String> cursor) {
        String after = cursor.map(at -> "&cursor=" + CarrelClient.segment(at)).orElse("");
        return client.list(file(id, path) + "?list=true&limit=" + limit + after, FileInfo.class);
    }

    /// What a sandbox uses now.
    public SandboxMetrics metrics(String id) {
        return client.get(path(id) + "/metrics", SandboxMetrics.class);
    }

    /// The calls on the ports of sandboxes.
    public PortCalls ports() {
        return new PortCalls(client);
    }

    static String path(String id) {
        return ROOT + "/" + CarrelClient.segment(id);
    }

    private static String file(String id, String path) {
        return path(id)
                + "/files/"
                + CarrelClient.segment(path.replaceFirst("^/", "")).replace("%2F", "/");
    }
}
